"""What parts between recurrent layers compute that several formats have: on arrays, and on arrays with error bounds.

Each works on float64 arrays and on `refimpl.rounded.Rounded` alike, so that what computes a value bounds it too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl.activations import named
from refimpl.elementary import sqrt
from refimpl.head import log_softmax, softmax
from refimpl.rounded import Rounded

from ....contract import Array

VECTOR = {"softmax": softmax, "log_softmax": log_softmax}


def activated(x: Any, name: str) -> Any:
    """An activation by the oracle's name, or softmax over the last axis."""
    if name in VECTOR:
        return VECTOR[name](x)
    return x if name == "linear" else named(name)(x)


def dense(x: Any, kernel: Array, bias: Array | None = None) -> Any:
    """``x W + b`` over the last axis."""
    flat = x.reshape(-1, x.shape[-1])
    y = flat @ kernel
    y = y if bias is None else y + bias
    return y.reshape(*x.shape[:-1], kernel.shape[1])


def normalized(x: Any, scale: Any, shift: Any, epsilon: float) -> Any:
    """``(x - mean) / sqrt(variance + ε) * scale + shift`` over the last axis."""
    flat, count = x.reshape(-1, x.shape[-1]), float(x.shape[-1])
    centred = flat - _column(_sum(flat) / count)
    variance = _column(_sum(centred * centred) / count)
    y = centred / sqrt(variance + epsilon)
    y = y if scale is None else y * scale
    y = y if shift is None else y + shift
    return y.reshape(*x.shape)


def standardized(x: Any, scale: Any, shift: Any, mean: Array, variance: Array, epsilon: float) -> Any:
    """Batch normalisation at rest, over the last axis: with the mean and variance that training left."""
    flat = x.reshape(-1, x.shape[-1])
    spread = sqrt(variance + epsilon if not isinstance(x, Rounded) else Rounded.given(x.precision, variance) + epsilon)
    y = (flat - mean) / spread
    y = y if scale is None else y * scale
    y = y if shift is None else y + shift
    return y.reshape(*x.shape)


def _sum(x: Any) -> Any:
    return x.sum(axis=-1)


def _column(x: Any) -> Any:
    return x.reshape(-1, 1)


def moved(array: Any, axis: int) -> Array:
    """With that axis put last."""
    return np.moveaxis(np.asarray(array), axis, -1)
