"""Activations made of x and a function that rises from 0 to 1: silu, mish, gelu; and of fractions and roots.

Where the usual formula cancels or overflows, another that equals it does not: the ``erfc`` of a negative argument, a
continued fraction. Objects (balls) take the usual formula, in as many bits as it needs.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from .activation import (
    INFINITY,
    Activation,
    allowance,
    clip,
    own,
    reaches,
    steepest_of,
    steepest_pieces,
    step,
    tamed,
)
from .exponentials import EXPONENTIAL, SIGMOID, SOFTPLUS, TANH

# --- products of x and something that rises from 0 to 1 -----------------------------------------------------------


def _silu_slope(y: Array, x: Array | None) -> Array:
    s = SIGMOID(x)
    return s * (1 + x * (1 - s))


SILU = Activation(
    "silu",
    lambda x: x * SIGMOID.function(x),
    _silu_slope,
    steepest_of(lambda x: _silu_slope(x, x), -2.3993572805154677, 2.3993572805154677),
    ulps=10,
    needs_argument=True,
    is_product=True,
)


def _mish_slope(y: Array, x: Array | None) -> Array:
    s = SOFTPLUS(x)
    t = TANH(s)
    return t + x * SOFTPLUS.derivative(s, x) * (1 - t * t)


MISH = Activation(
    "mish",
    lambda x: x * TANH.function(SOFTPLUS.function(x)),
    _mish_slope,
    steepest_of(lambda x: _mish_slope(x, x), -2.2563763963607935, 1.4905711794854284),
    ulps=14,
    needs_argument=True,
    is_product=True,
)


def _erfc(x: Array) -> Array:
    if x.dtype == object:
        return np.frompyfunc(lambda element: element.erfc(), 1, 1)(x)
    return np.asarray(np.frompyfunc(math.erfc, 1, 1)(x), x.dtype)


def _cumulative(x: Array) -> Array:
    """The normal distribution's ``P(X <= x)``."""
    if x.dtype == object:
        return _erfc(-x / np.sqrt(own(2, x))) / 2
    return _erfc(-x / math.sqrt(2)) / 2


def _density(x: Array) -> Array:
    """The normal distribution's ``exp(-x**2 / 2) / sqrt(2 π)``, by arithmetic and activations."""
    x = tamed(x, 60.0)
    root = np.sqrt(8 * np.arctan(own(1, x))) if x.dtype == object else math.sqrt(2 * math.pi)
    return EXPONENTIAL(x * x * -0.5) / root


_CUMULATIVE = Activation(
    "normal distribution",
    _cumulative,
    lambda y, x: _density(x),
    steepest_of(_density, 0.0),
    ulps=8,
    needs_argument=True,
    terms=lambda x: 8 + 0 * x,  # (1 + erf) / 2
)


def _gelu_slope(y: Array, x: Array | None) -> Array:
    return _CUMULATIVE(x) + x * _density(x)


GELU = Activation(
    "gelu",
    lambda x: x * _cumulative(x),
    _gelu_slope,
    steepest_of(lambda x: _gelu_slope(x, x), -math.sqrt(2), math.sqrt(2)),
    ulps=8,
    needs_argument=True,
    is_product=True,
    terms=lambda x: 8 * np.abs(x),  # x (1 + erf) / 2, and erf itself off by 6 ulps
)


def _gelu_tanh_argument(x: Array) -> Array:
    """Twice that of the tanh: ``sqrt(8/π) (x + 0.044715 x³)``."""
    x = tamed(x, 60.0, power=3)
    return (x + x * x * x * 0.044715) * _root_of_8_over_pi(x)


def _root_of_8_over_pi(x: Array) -> Array:
    return np.sqrt(2 / np.arctan(own(1, x))) if x.dtype == object else math.sqrt(8 / math.pi)


def _gelu_tanh_slope(y: Array, x: Array | None) -> Array:
    s = allowance(terms=8.0)(SIGMOID(_gelu_tanh_argument(x)))  # (1 + tanh) / 2
    x = tamed(x, 60.0, power=3)
    return s + s * (1 - s) * ((x + x * x * x * 0.044715 * 3) * _root_of_8_over_pi(x))


GELU_TANH = Activation(
    "gelu_tanh",
    lambda x: x * SIGMOID.function(_gelu_tanh_argument(x)),
    _gelu_tanh_slope,
    steepest_of(lambda x: _gelu_tanh_slope(x, x), -1.4185040087908285, 1.4185040087908285),
    ulps=10,
    argument_ulps=4,
    needs_argument=True,
    is_product=True,
    power=3,
    terms=lambda x: 8 * np.abs(x),  # x (1 + tanh) / 2
)

# --- rational functions and roots ---------------------------------------------------------------------------------

_MAGNITUDE = Activation(
    "|x|",
    lambda x: np.maximum(x, -x),
    lambda y, x: step(0.0, -1.0, 1.0)(x),
    steepest_pieces((-INFINITY, INFINITY, 1.0)),
    ulps=0,
    needs_argument=True,
)


def _softsign(x: Array) -> Array:
    if x.dtype == object:
        return x / (1 + np.where(reaches(x, 0), x, -x))
    return x / (1 + np.abs(x))


def _softsign_slope(y: Array, x: Array | None) -> Array:
    left = 1 - _MAGNITUDE(y)
    return allowance(ulps=4.0)(left * left)  # 1 / (1 + |x|)², whose denominator may overflow


SOFTSIGN = Activation(
    "softsign", _softsign, _softsign_slope, steepest_of(lambda x: (1 / (1 + np.abs(x))) ** 2, 0.0), ulps=4, power=2
)


def _tanh_shrink(x: Array) -> Array:
    if x.dtype == object:
        return x - TANH.function(x)
    near = clip(1.0).function(x)  # x - tanh(x) cancels; x/(1 + x²/(3 + x²/(5 + …))), which is tanh, does not
    square = near * near
    tail = 0 * near
    for odd in range(21, 1, -2):
        tail = square / (odd + tail)
    return np.where(np.abs(x) < 1, near * tail / (1 + tail), x - np.tanh(x))


def _tanh_shrink_slope(y: Array, x: Array | None) -> Array:
    t = TANH(x)
    return allowance(terms=4.0)(t * t)  # 1 - (1 - t²)


TANH_SHRINK = Activation(
    "tanh_shrink",
    _tanh_shrink,
    _tanh_shrink_slope,
    steepest_of(lambda x: np.tanh(x) ** 2),
    ulps=8,
    needs_argument=True,
    terms=lambda x: 10 * np.abs(x),  # x - tanh(x)
)


def squareplus(b: float) -> Activation:
    """``(x + sqrt(x**2 + b)) / 2``."""

    def function(x: Array) -> Array:
        if x.dtype == object:
            return (x + np.sqrt(x * x + b)) / 2
        half = np.hypot(x, np.asarray(math.sqrt(b), x.dtype)) / 2 + np.abs(x) / 2
        return np.where(x >= 0, half, b / 4 / half)

    def inverse_root(x: Array) -> Array:
        if x.dtype == object:
            return 1 / np.sqrt(x * x + b)
        return 1 / np.hypot(x, np.asarray(math.sqrt(b), x.dtype))

    inverse = Activation(
        f"1 / sqrt(x**2 + {b!r})",
        inverse_root,
        lambda y, x: -(x * y) * (y * y),
        steepest_of(lambda x: x * inverse_root(x) ** 3, -math.sqrt(b / 2), math.sqrt(b / 2)),
        ulps=5,
        needs_argument=True,
    )
    return Activation(
        "squareplus",
        function,
        lambda y, x: y * inverse(x),
        steepest_of(lambda x: function(x) * inverse_root(x)),
        ulps=8,
        needs_argument=True,
        terms=lambda x: 4 * np.abs(x),  # x + sqrt(…)
        power=2,
    )
