"""The activations that a mutant has: value, and slope from the value, so that nothing else need be kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .autodiff import Array


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``: an infinite exp is a sigmoid of 0."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def ramp(low: float, high: float) -> Callable[[Array], Array]:
    """1 strictly between the limits, else 0."""
    return lambda y: ((y > low) & (y < high)).astype(y.dtype)


def _hard_sigmoid(x: Array) -> Array:
    return np.asarray(np.clip(x + 3, 0, 6) / 6)


def _hard_sigmoid_keras2(x: Array) -> Array:
    return np.asarray(np.clip(x / 5 + x.dtype.type(0.5), 0, 1))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
    "hard_sigmoid": _hard_sigmoid,
    "hard_sigmoid_keras2": _hard_sigmoid_keras2,
}
SLOPES: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda y: 1 - y * y,
    "sigmoid": lambda y: y * (1 - y),
    "relu": lambda y: (y > 0).astype(y.dtype),
    "linear": np.ones_like,
    "hard_sigmoid": lambda y: ramp(0, 1)(y) / 6,
    "hard_sigmoid_keras2": lambda y: ramp(0, 1)(y) / 5,
}
"""At a kink the slope is 0, as in the frameworks."""
