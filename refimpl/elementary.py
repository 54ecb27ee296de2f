"""Elementary functions for heads, losses and optimizers, on every kind of array that the oracle computes with.

Floats go to NumPy; object arrays to their elements' own methods; arrays that carry their own arithmetic (`rounded`)
evaluate the function themselves, from what is said about it here.

4 ulps of exp, log and softplus: more than the greatest that was found in random arguments in float64 and float32 in
NumPy 2.4, PyTorch 2.13, JAX 0.10 and TensorFlow 2.21 on CPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import Activation, named
from .activations.activation import clipped_to, steepest_pieces, strictly_between
from .arrays import Array


def is_float(x: Any) -> bool:
    """Whether ``x`` is a plain array of floats."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype != object


def exp(x: Array) -> Array:
    """``exp(x)`` by element."""
    return _EXP(x)


def log(x: Array) -> Array:
    """``log(x)`` by element."""
    return _LOG(x)


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))`` by element, without overflow."""
    return _SOFTPLUS(x)


def sqrt(x: Array) -> Array:
    """``sqrt(x)`` by element."""
    return x.sqrt() if hasattr(x, "sqrt") else np.sqrt(x)


def clipped(x: Array, low: float, high: float) -> Array:
    """``min(max(x, low), high)`` by element."""
    return clip(low, high)(x)


def clip(low: float, high: float) -> Activation:
    """The function that clips to ``[low, high]``; its slope is 0 at the limits."""
    return Activation(
        f"clip({low!r}, {high!r})",
        lambda x: clipped_to(x, low, high),
        lambda y, x: strictly_between(y, low, high),
        steepest_pieces((low, high, 1.0)),
        ulps=0,
    )


def constant_maximum(x: Array) -> Array:
    """The greatest of the last axis, kept as an axis, as a number that counts as exact: any shift near it serves."""
    if hasattr(x, "activated"):
        return constant_maximum(x.value)
    return x.max(axis=-1, keepdims=True)


def sum_of_all(x: Array) -> Array:
    """The sum of all elements."""
    return x.reshape(-1).sum(axis=0)


def _softplus(x: Array) -> Array:
    if x.dtype == object:
        return np.log(1 + np.exp(x))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _steepest_log(low: Array, high: Array) -> Array:
    return np.where(low > 0, 1 / np.where(low > 0, low, 1.0), np.inf)


def _steepest_softplus(low: Array, high: Array) -> Array:
    return 1 / (1 + np.exp(-high))


def _itself(y: Array, x: Array | None = None) -> Array:
    return y


def _reciprocal(y: Array, x: Any = None) -> Array:
    return 1 / x


def _sigmoid(y: Array, x: Array | None = None) -> Array:
    return named("sigmoid")(x)


def _steepest_exp(low: Array, high: Array) -> Array:
    return np.exp(high)


_EXP = Activation("exp", np.exp, _itself, _steepest_exp, ulps=4)
_LOG = Activation("log", np.log, _reciprocal, _steepest_log, ulps=4, needs_argument=True)
_SOFTPLUS = Activation("softplus", _softplus, _sigmoid, _steepest_softplus, ulps=4, needs_argument=True)
