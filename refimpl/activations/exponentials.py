"""Activations made of exponentials and their logarithms.

Where the usual formula cancels or overflows, another that equals it does not: ``log1p`` and ``expm1``. Objects (balls)
take the usual formula, in as many bits as it needs.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .activation import (
    INFINITY,
    Activation,
    chosen,
    curved,
    jumps,
    own,
    reaches,
    steepest_of,
    steepest_pieces,
    strictly_between,
    tamed,
)

# --- exponentials -------------------------------------------------------------------------------------------------


def _sigmoid(x: Array) -> Array:
    if x.dtype == object:  # balls do not overflow, and a ball around 0 has no sign to branch on
        return 1 / (1 + np.exp(-x))
    growth = np.minimum(x, 88)  # from there on the result is 1, and in float32 the exponential overflows
    np.exp(growth, out=growth)
    growth /= 1 + growth
    return growth


def _steepest_sigmoid(low: Array, high: Array) -> Array:
    nearest_to_zero = np.maximum(np.maximum(low, -high), 0.0)
    decay = np.exp(-nearest_to_zero)
    return decay / (1 + decay) ** 2


SIGMOID = Activation("sigmoid", _sigmoid, lambda y, x: y * (1 - y), curved(_steepest_sigmoid, curvature=0.0963), ulps=8)


def _tanh(x: Array) -> Array:
    if x.dtype == object:  # truncated power series know exp, but no tanh
        return 2 * _sigmoid(2 * x) - 1
    return np.tanh(x)


def _steepest_tanh(low: Array, high: Array) -> Array:
    return 4 * _steepest_sigmoid(2 * low, 2 * high)


TANH = Activation(
    "tanh",
    _tanh,
    lambda y, x: 1 - y * y,
    curved(_steepest_tanh, curvature=0.7699),
    ulps=8,
    terms=lambda x: np.where(np.abs(x) > 8, 3.0, 0.0),  # ONNX Runtime's GRU saturates at 1 - 10 u
)


def scaled_tanh(scale: float, stretch: float) -> Activation:
    """ONNX's: ``scale * tanh(stretch * x)``."""
    beyond = 1000 / abs(stretch) if stretch else INFINITY  # the product may overflow
    return Activation(
        "scaled_tanh",
        lambda x: scale * _tanh(stretch * tamed(x, beyond)),
        lambda y, x: (scale - y * y / scale) * stretch,
        lambda low, high: abs(scale * stretch) * _steepest_tanh(*_between(stretch * low, stretch * high)),
        ulps=12,
    )


def _between(one: Array, other: Array) -> tuple[Array, Array]:
    return np.minimum(one, other), np.maximum(one, other)


def _exponential(x: Array) -> Array:
    with np.errstate(over="ignore"):  # where the result does
        return np.exp(x)


EXPONENTIAL = Activation("exponential", _exponential, lambda y, x: y, lambda low, high: _exponential(high), ulps=4)


def _expm1_of_negative(x: Array, scale: float = 1.0) -> Array:
    """``expm1(x / scale)`` where x is negative, else 0."""
    if x.dtype == object:
        return np.expm1(chosen(reaches(x, 0), own(0, x), x, x) / scale)
    return np.expm1(np.maximum(np.minimum(x, 0), -1000 * scale) / scale)


def elu(alpha: float) -> Activation:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
    return _elu("elu", 1.0, alpha)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _elu(name: str, above: float, below: float) -> Activation:
    """``above * x`` where positive, else ``below * (exp(x) - 1)``."""

    def function(x: Array) -> Array:
        with np.errstate(over="ignore"):  # where the result does
            positive = reaches(x, 0) if above == below else x > 0
            return np.where(positive, above * x, below * _expm1_of_negative(x))

    def slope(x: Array) -> Array:
        return np.where(x > 0, above, below * np.exp(np.minimum(x, 0)))

    slope_from_y = Activation(
        f"slope of {name}",
        lambda y: chosen(y > 0, own(above, y), y + own(below, y), y),
        lambda y, x: strictly_between(y, -INFINITY, 0.0),
        steepest_pieces((-INFINITY, 0.0, 1.0)),
        ulps=2,
        terms=lambda y: np.where(y > 0, 0.0, 2 * below),
        jump=jumps((0.0, abs(above - below))),
    )
    return Activation(name, function, lambda y, x: slope_from_y(y), steepest_of(slope, 0.0), ulps=8)


SELU = _elu("selu", SELU_SCALE, SELU_SCALE * SELU_ALPHA)

_NEGATIVE_PART = Activation(
    "min(x, 0)",
    lambda x: np.minimum(x, own(0, x)),
    lambda y, x: strictly_between(y, -INFINITY, 0.0),
    steepest_pieces((-INFINITY, 0.0, 1.0)),
    ulps=0,
)


def celu(alpha: float) -> Activation:
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)``."""
    return Activation(
        "celu",
        lambda x: np.where(reaches(x, 0), x, alpha * _expm1_of_negative(x, alpha)),
        lambda y, x: 1 + _NEGATIVE_PART(y) / alpha,
        steepest_of(lambda x: 1 + _expm1_of_negative(x, alpha)),
        ulps=8,
    )


# --- logarithms ---------------------------------------------------------------------------------------------------


def _softplus(x: Array) -> Array:
    if x.dtype == object:
        return np.log1p(np.exp(x))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _rise(y: Array) -> Array:
    return -np.expm1(-y)


def _both_exponents(y: Array) -> Array:
    """The rounding of ``exp(x - y)``, the rise by another formula; x is ``y + log(rise)``."""
    rise = _rise(y)
    x = y + np.log(np.where(rise > 0, rise, 1.0))
    return 2 * rise * (np.abs(x) + np.abs(y))


_RISE = Activation(  # the slope of softplus from its value; not 1 - exp(-y), which cancels
    "1 - exp(-y)", _rise, lambda y, x: 1 - y, lambda low, high: np.exp(-low), ulps=4, terms=_both_exponents
)
SOFTPLUS = Activation("softplus", _softplus, lambda y, x: _RISE(y), steepest_of(_sigmoid), ulps=10)
LOG_SIGMOID = Activation(
    "log_sigmoid",
    lambda x: -_softplus(-x),
    lambda y, x: _RISE(-y),
    steepest_of(lambda x: _sigmoid(-x)),
    ulps=10,
)
