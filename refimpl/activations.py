"""Activations: the function, its derivative as a function of its own output, and its rounding.

Writing the derivative in terms of the output ``y = f(x)`` is what lets the adjoint of a cell work
from the gates alone; no pre-activation has to be kept.

======================  ==========================  =========================  ====================
name                    ``f(x)``                    ``f'`` in terms of ``y``   defined by
======================  ==========================  =========================  ====================
``tanh``                ``tanh(x)``                 ``1 - y**2``
``sigmoid``             ``1 / (1 + exp(-x))``       ``y * (1 - y)``
``relu``                ``max(x, 0)``               1 where ``y > 0``
``linear``              ``x``                       1
``hard_sigmoid``        ``min(max(x+3, 0), 6)/6``   1/6 where ``0 < y < 1``    Keras 3, PyTorch
``hard_sigmoid_keras2`` ``min(max(x/5+1/2, 0), 1)`` 1/5 where ``0 < y < 1``    Keras 2, ONNX
======================  ==========================  =========================  ====================

At a kink the derivative is 0, as PyTorch and TensorFlow define it for relu.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InvalidArgument

Array = Any
"""A NumPy array of float32, float64 or object, or an array with its own arithmetic (`rounding`)."""


@dataclass(frozen=True)
class Activation:
    """An elementwise, non-decreasing function ``f`` and what the oracle must know about it.

    function       ``f(x)``
    derivative     ``f'(x)``, from ``y = f(x)`` and x
    steepest       the greatest ``f'`` on the interval ``[low, high]``, from ``(low, high)``
    ulps           an evaluation in unit roundoff u may be off by ``ulps * u * |y|``
    needs_argument whether `derivative` must be given x, which else may be None
    argument_ulps  and act as if x were off by ``argument_ulps * u * (|x| + 1)``, where f begins with a sum

    8 ulps of sigmoid and tanh: the greatest that was found, in random arguments over their whole range and both dtypes,
    in NumPy 2.4, PyTorch 2.13, JAX 0.10 and TensorFlow 2.21 on CPU is 7.4 (TensorFlow's tanh, float64). 9 of a hard
    sigmoid: the sum, the quotient and the constant 1/6 or 1/5 round once each, and ``|x + 3| <= 3 (|x| + 1)``.
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array | None], Array]
    steepest: Callable[[Array, Array], Array]
    ulps: float
    argument_ulps: float = 0.0
    needs_argument: bool = False

    def __call__(self, x: Array) -> Array:
        """``f(x)``; arrays that carry their own arithmetic evaluate it themselves."""
        return x.activated(self) if hasattr(x, "activated") else self.function(x)


def _sigmoid(x: Array) -> Array:
    if x.dtype == object:  # balls do not overflow, and a ball around 0 has no sign to branch on
        return 1 / (1 + np.exp(-x))
    decay = np.exp(-np.abs(x))  # never above 1, whatever the sign of x
    return np.where(x >= 0, np.ones_like(x), decay) / (1 + decay)


def _tanh(x: Array) -> Array:
    if x.dtype == object:  # truncated power series know exp, but no tanh
        return 2 * _sigmoid(2 * x) - 1
    return np.tanh(x)


def _relu(x: Array) -> Array:
    return np.maximum(x, _own(0, x))


def _hard_sigmoid(x: Array) -> Array:
    return np.minimum(np.maximum(x + 3, _own(0, x)), _own(6, x)) / 6


def _hard_sigmoid_keras2(x: Array) -> Array:
    return np.minimum(np.maximum(x / 5 + _half(x), _own(0, x)), _own(1, x))


def _own(constant: int, x: Array) -> Array:
    """A limit for x. Among objects it must be of their kind: Python's numbers would round in what follows."""
    return constant + 0 * x if x.dtype == object else constant


def _half(x: Array) -> Array:
    return np.ones_like(x) / 2


def _linear(x: Array) -> Array:
    return x


def _strictly_between(y: Array, low: float, high: float) -> Array:
    if hasattr(y, "strictly_between"):
        return y.strictly_between(low, high)
    inside = (y > low) & (y < high)
    if y.dtype == object:
        return inside * _own(1, y)
    return inside.astype(y.dtype)


def clip(limit: float) -> Activation:
    """``min(max(x, -limit), limit)``, as ONNX clips the arguments of activations; its slope is 0 at the limits."""
    return Activation(
        f"clip({limit!r})",
        lambda x: np.minimum(np.maximum(x, -_own_value(limit, x)), _own_value(limit, x)),
        lambda y, x=None: _strictly_between(y, -limit, limit),
        _steepest_ramp(1.0, -limit, limit),
        ulps=0,
    )


def _own_value(constant: float, x: Array) -> Array:
    return constant + 0 * x if x.dtype == object else constant


def _nearest_to_zero(low: Array, high: Array) -> Array:
    """The least ``|x|`` on ``[low, high]``: where sigmoid and tanh are steepest."""
    return np.maximum(np.maximum(low, -high), 0.0)


def _steepest_sigmoid(low: Array, high: Array) -> Array:
    decay = np.exp(-_nearest_to_zero(low, high))
    return decay / (1 + decay) ** 2


def _steepest_tanh(low: Array, high: Array) -> Array:
    return 4 * _steepest_sigmoid(2 * low, 2 * high)


def _steepest_ramp(slope: float, begin: float, end: float) -> Callable[[Array, Array], Array]:
    """For a function of constant slope on ``(begin, end)`` and flat outside."""
    return lambda low, high: np.where((high > begin) & (low < end), slope, 0.0)


_INFINITY = float("inf")

_ALL = (
    Activation("tanh", _tanh, lambda y, x=None: 1 - y * y, _steepest_tanh, ulps=8),
    Activation("sigmoid", _sigmoid, lambda y, x=None: y * (1 - y), _steepest_sigmoid, ulps=8),
    Activation(
        "relu",
        _relu,
        lambda y, x=None: _strictly_between(y, 0.0, _INFINITY),
        _steepest_ramp(1.0, 0.0, _INFINITY),
        ulps=0,
    ),
    Activation(
        "linear",
        _linear,
        lambda y, x=None: 1 + 0 * y,
        _steepest_ramp(1.0, -_INFINITY, _INFINITY),
        ulps=0,
    ),
    Activation(
        "hard_sigmoid",
        _hard_sigmoid,
        lambda y, x=None: _strictly_between(y, 0.0, 1.0) / 6,
        _steepest_ramp(1 / 6, -3.0, 3.0),
        ulps=0,
        argument_ulps=9,
    ),
    Activation(
        "hard_sigmoid_keras2",
        _hard_sigmoid_keras2,
        lambda y, x=None: _strictly_between(y, 0.0, 1.0) / 5,
        _steepest_ramp(1 / 5, -2.5, 2.5),
        ulps=0,
        argument_ulps=9,
    ),
)

NAMES = tuple(activation.name for activation in _ALL)
_BY_NAME = {activation.name: activation for activation in _ALL}


def named(name: str, argument: str = "activation") -> Activation:
    """The activation of that name; `InvalidArgument` where there is none."""
    try:
        return _BY_NAME[name]
    except (KeyError, TypeError):
        raise InvalidArgument(argument, expected=f"one of {', '.join(NAMES)}", got=repr(name)) from None
