"""Activations made of straight pieces, and those whose slope is: relu and its kin, the hard sigmoids, the shrinkers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Array
from .activation import (
    INFINITY,
    Activation,
    chosen,
    clipped_to,
    constant,
    jumps,
    own,
    reaches,
    steepest_pieces,
    step,
    strictly_between,
    tamed,
)


def affine(slope: float, offset: float) -> Activation:
    """``slope * x + offset``."""

    def function(x: Array) -> Array:
        with np.errstate(over="ignore"):  # where the result does
            return slope * x + own(offset, x)

    return Activation(
        "affine",
        function,
        constant(slope),
        steepest_pieces((-INFINITY, INFINITY, slope)),
        ulps=2,
        argument_ulps=_of_a_sum(slope, offset),
        terms=None if slope else lambda x: 2 * abs(offset) + 0 * x,
    )


LINEAR = Activation("linear", lambda x: x, constant(1.0), steepest_pieces((-INFINITY, INFINITY, 1.0)), ulps=0)


def _ramp(name: str, low: float, high: float) -> Activation:
    """``min(max(x, low), high)``."""
    return Activation(
        name,
        lambda x: clipped_to(x, low, high) if high < INFINITY else np.maximum(x, own(low, x)),
        lambda y, x: strictly_between(y, low, high),
        steepest_pieces((low, high, 1.0)),
        ulps=0,
    )


RELU = _ramp("relu", 0.0, INFINITY)
RELU6 = _ramp("relu6", 0.0, 6.0)
HARD_TANH = _ramp("hard_tanh", -1.0, 1.0)


def relu(negative_slope: float = 0.0, max_value: float = INFINITY, threshold: float = 0.0) -> Activation:
    """Keras's: ``min(x, max_value)`` above the threshold, else ``negative_slope * (x - threshold)``."""

    def function(x: Array) -> Array:
        above = x if max_value == INFINITY else np.minimum(x, own(max_value, x))
        below = negative_slope * (x - own(threshold, x)) if negative_slope else own(0, x)
        return chosen(x > threshold, above, below, x)

    slope, ceiling = step(threshold, negative_slope, 1.0), step(max_value, 0.0, 1.0)
    return Activation(
        "relu",
        function,
        lambda y, x: slope(x) if max_value == INFINITY else slope(x) - ceiling(x),
        steepest_pieces((-INFINITY, threshold, negative_slope), (threshold, max_value, 1.0)),
        ulps=3,
        argument_ulps=2 * max(1.0, threshold) if threshold else 0.0,
        needs_argument=True,
        jump=jumps((threshold, threshold)) if threshold else None,
    )


def leaky_relu(negative_slope: float) -> Activation:
    """``x`` where positive, else ``negative_slope * x``."""
    slope = step(0.0, negative_slope, 1.0)

    def function(x: Array) -> Array:
        with np.errstate(over="ignore"):  # where the result does
            return np.where(x > 0, x, negative_slope * x)

    return Activation(
        "leaky_relu",
        function,
        lambda y, x: slope(y),
        steepest_pieces((-INFINITY, 0.0, negative_slope), (0.0, INFINITY, 1.0)),
        ulps=2,
    )


def thresholded_relu(threshold: float) -> Activation:
    """ONNX's: ``x`` where above the threshold, else 0."""
    return _threshold("thresholded_relu", threshold, 0.0)


def threshold(threshold: float, default_value: float) -> Activation:
    """Keras's: ``x`` where above the threshold, else ``default_value``."""
    return _threshold("threshold", threshold, default_value)


def _threshold(name: str, at: float, otherwise: float) -> Activation:
    slope = step(at, 0.0, 1.0)
    return Activation(
        name,
        lambda x: chosen(x > at, x, own(otherwise, x), x),
        lambda y, x: slope(x),
        steepest_pieces((at, INFINITY, 1.0)),
        ulps=1,
        argument_ulps=max(1.0, abs(at)) if at else 0.0,
        needs_argument=True,
        jump=jumps((at, abs(at - otherwise))),
    )


def hard_shrink(threshold: float) -> Activation:
    """``x`` where ``|x|`` is above the threshold, else 0."""
    return Activation(
        "hard_shrink",
        lambda x: chosen((x > threshold) | (x < -threshold), x, own(0, x), x),
        lambda y, x: strictly_between(y, 0.0, INFINITY) + strictly_between(y, -INFINITY, 0.0),
        steepest_pieces((-INFINITY, -threshold, 1.0), (threshold, INFINITY, 1.0)),
        ulps=0,
        argument_ulps=max(1.0, threshold) if threshold else 0.0,
        jump=jumps((threshold, threshold), (-threshold, threshold)),
    )


def soft_shrink(threshold: float) -> Activation:
    """x, nearer to zero by the threshold, and 0 where it is within it."""

    def function(x: Array) -> Array:
        return np.maximum(x - own(threshold, x), own(0, x)) + np.minimum(x + own(threshold, x), own(0, x))

    return Activation(
        "soft_shrink",
        function,
        lambda y, x: strictly_between(y, 0.0, INFINITY) + strictly_between(y, -INFINITY, 0.0),
        steepest_pieces((-INFINITY, -threshold, 1.0), (threshold, INFINITY, 1.0)),
        ulps=1,
        argument_ulps=max(1.0, threshold) if threshold else 0.0,
    )


def hard_sigmoid(slope: float, offset: float, max_value: float = 1.0) -> Activation:
    """ONNX's: ``min(max(slope * x + offset, 0), 1)``; of another greatest value in files that rounded 1/6."""
    begin, end = sorted(((0 - offset) / slope, (max_value - offset) / slope)) if slope else (0.0, 0.0)
    beyond = (abs(offset) + 1 + max_value) / abs(slope) if slope else 1.0
    return Activation(
        "hard_sigmoid",
        lambda x: clipped_to(slope * tamed(x, beyond) + own(offset, x), 0, max_value),
        lambda y, x: strictly_between(y, 0.0, max_value) * slope,
        steepest_pieces((begin, end, slope)),
        ulps=2,
        argument_ulps=_of_a_sum(slope, offset),
    )


def _sigmoid(name: str, function: Callable[[Array], Array], rise: int, argument_ulps: float) -> Activation:
    """0, then straight from ``-rise/2`` to ``rise/2``, then 1; ``function`` says it, as its source evaluates it."""
    return Activation(
        name,
        function,
        lambda y, x: strictly_between(y, 0.0, 1.0) / rise,
        steepest_pieces((-rise / 2, rise / 2, 1 / rise)),
        ulps=0,
        argument_ulps=argument_ulps,
    )


HARD_SIGMOID = _sigmoid("hard_sigmoid", lambda x: clipped_to(x + 3, 0, 6) / 6, 6, argument_ulps=9)
HARD_SIGMOID_KERAS2 = _sigmoid(
    "hard_sigmoid_keras2", lambda x: clipped_to(x / 5 + (np.ones_like(x) / 2), 0, 1), 5, argument_ulps=9
)
SPARSE_SIGMOID = _sigmoid("sparse_sigmoid", lambda x: clipped_to(x + 1, 0, 2) / 2, 2, argument_ulps=2)


def _sparse_plus(x: Array) -> Array:
    inside = chosen(reaches(x, -1), (tamed(x, 2.0) + 1) / 2, own(0, x), x)
    return chosen(reaches(x, 1), x, inside * inside, x)


SPARSE_PLUS = Activation(
    "sparse_plus",
    _sparse_plus,
    lambda y, x: SPARSE_SIGMOID(x),
    lambda low, high: SPARSE_SIGMOID.function(high),
    ulps=3,
    argument_ulps=2,
    needs_argument=True,
)


def _hard_silu_slope(x: Array) -> Array:
    inside = x / 3 + np.ones_like(x) / 2
    return chosen(x > -3, chosen(x < 3, inside, own(1, x), x), own(0, x), x)


_HARD_SILU_SLOPE = Activation(
    "slope of hard_silu",
    _hard_silu_slope,
    lambda y, x: strictly_between(x, -3.0, 3.0) / 3,
    steepest_pieces((-3.0, 3.0, 1 / 3)),
    ulps=2,
    argument_ulps=9,
    needs_argument=True,
    jump=jumps((-3.0, 0.5), (3.0, 0.5)),
)


def _steepest_hard_silu(low: Array, high: Array) -> Array:
    begin, end = np.maximum(low, -3.0), np.minimum(high, 3.0)
    inside = np.where(low < high, np.maximum(np.abs(begin / 3 + 0.5), np.abs(end / 3 + 0.5)), np.abs(low / 3 + 0.5))
    return np.where(high <= -3, 0.0, np.where(low >= 3, 1.0, np.maximum(inside, high > 3)))


HARD_SILU = Activation(
    "hard_silu",
    lambda x: x * HARD_SIGMOID.function(x),
    lambda y, x: _HARD_SILU_SLOPE(x),
    _steepest_hard_silu,
    ulps=6,
    argument_ulps=9,
    needs_argument=True,
)


def _of_a_sum(slope: float, offset: float) -> float:
    """As if x were off by so much: ``slope``, ``offset``, the product and the sum round once each."""
    return 4 * max(1.0, abs(offset / slope)) if slope else 0.0
