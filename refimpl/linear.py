"""The affine map, its gradients, and the blocks of a gate matrix.

Every recurrent layer is affine maps joined by elementwise functions. Features stand last; the axes before them
(batch, or time and batch) are all alike, so one function serves one step and a whole sequence.
"""

from __future__ import annotations

import numpy as np

from .activations import Array


def affine(x: Array, kernel: Array, bias: Array | None = None) -> Array:
    """``x @ kernel + bias``: ``(..., m)`` and ``(m, n)`` give ``(..., n)``."""
    product = x @ kernel
    return product if bias is None else product + bias


def kernel_gradient(x: Array, d_out: Array) -> Array:
    """The gradient of ``sum(d_out * (x @ kernel))`` in ``kernel``: one product over all leading axes."""
    return x.reshape(-1, x.shape[-1]).T @ d_out.reshape(-1, d_out.shape[-1])


def bias_gradient(d_out: Array) -> Array:
    """The gradient of ``sum(d_out * bias)`` in ``bias``: the sum over all leading axes."""
    return d_out.reshape(-1, d_out.shape[-1]).sum(axis=0)


def blocks(a: Array, count: int) -> tuple[Array, ...]:
    """The ``count`` equal blocks of the last axis, one a gate."""
    width = a.shape[-1] // count
    return tuple(a[..., k * width : (k + 1) * width] for k in range(count))


def concatenate(*gates: Array) -> Array:
    """The inverse of `blocks`: one array of all gates, side by side on the last axis."""
    return np.concatenate(gates, axis=-1)
