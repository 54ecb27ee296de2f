"""The affine map, its adjoint, and the blocks of a gate matrix.

Every recurrent layer is affine maps joined by elementwise functions. Features stand last; the axes before them
(batch, or time and batch) are all alike, so one function serves one step and a whole sequence, whose time comes first.

Dropout multiplies what meets a kernel by given *factors*, 0 or ``1/(1-p)``: a tuple of one array for all gates, or of
one array a gate, in the order of the kernel's blocks; None multiplies by nothing.
"""

from __future__ import annotations

import numpy as np

from .arrays import Array

Factors = tuple[Array, ...] | None


def affine(x: Array, kernel: Array, bias: Array | None = None, factors: Factors = None) -> Array:
    """``(x * factors) @ kernel + bias``: ``(..., m)`` and ``(m, n)`` give ``(..., n)``."""
    if factors is None:
        product = _product(x, kernel)
    elif len(factors) > 1:
        parts = zip(factors, blocks(kernel, len(factors)), strict=True)
        product = concatenate(*((x * factor) @ block for factor, block in parts))
    else:
        product = _product(dropped(x, factors), kernel)
    if bias is not None:
        product += bias
    return product


def affine_adjoint(d_out: Array, kernel: Array, factors: Factors = None) -> Array:
    """The cotangent of ``x`` in `affine`, from that of its result."""
    if factors is None:
        return _product(d_out, kernel.T)
    if len(factors) > 1:
        count = len(factors)
        pulled = [d @ block.T for d, block in zip(blocks(d_out, count), blocks(kernel, count), strict=True)]
        return total(*(dropped(d, factors, k) for k, d in enumerate(pulled)))
    return dropped(_product(d_out, kernel.T), factors)


def kernel_gradient(x: Array, d_out: Array, factors: Factors = None) -> Array:
    """The gradient of ``sum(d_out * affine(x, kernel))`` in ``kernel``: one product over all leading axes."""
    if factors is not None and len(factors) > 1:
        parts = enumerate(blocks(d_out, len(factors)))
        return concatenate(*(kernel_gradient(dropped(x, factors, k), d) for k, d in parts))
    return _rows(dropped(x, factors)).T @ _rows(d_out)


def bias_gradient(d_out: Array) -> Array:
    """The gradient of ``sum(d_out * bias)`` in ``bias``: the sum over all leading axes."""
    return _rows(d_out).sum(axis=0)


def _product(x: Array, kernel: Array) -> Array:
    """``x @ kernel``, as one product over all leading axes, where NumPy would make one for each step."""
    if not isinstance(x, np.ndarray) or x.ndim < 3:
        return x @ kernel
    return (_rows(x) @ kernel).reshape(*x.shape[:-1], kernel.shape[-1])


def _rows(a: Array) -> Array:
    """All leading axes as one."""
    return a.reshape(-1, a.shape[-1])


def dropped(x: Array, factors: Factors, gate: int = 0) -> Array:
    """What of ``x`` reaches a gate: ``x`` times the gate's factors, or those of all gates."""
    return x if factors is None else x * factors[gate if len(factors) > 1 else 0]


def blocks(a: Array, count: int) -> tuple[Array, ...]:
    """The ``count`` equal blocks of the last axis, one a gate."""
    width = a.shape[-1] // count
    if count == 2:  # as every step asks for
        return a[..., :width], a[..., width:]
    return tuple([a[..., k * width : (k + 1) * width] for k in range(count)])  # a generator takes twice as long


def concatenate(*gates: Array) -> Array:
    """The inverse of `blocks`: one array of all gates, side by side on the last axis."""
    return np.concatenate(gates, axis=-1)


def total(first: Array, *others: Array) -> Array:
    """The sum of arrays of one shape."""
    for other in others:
        first = first + other
    return first
