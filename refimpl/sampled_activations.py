"""Activations on arrays that carry samples of their error (`sampled`): their own rounding, their kinks and jumps.

- *Rounding*. An evaluation's own error has an eighth of `Activation.rounding`, which is what it may be at the most,
  as its standard deviation, and never less than one rounding: the greatest errors measured are 0.5 to 0.9 of what is
  allowed, and most are far smaller.
- *Kinks*. Where one lies within `NEAR` deviations of the argument, another implementation may be on the other side. A
  value goes on with the steeper of the slopes there; a slope that is itself a number (`strictly_between`), and a
  value that jumps, is off by ± the difference, in all samples: of several slopes that are multiplied, all may be.
"""

from __future__ import annotations

import numpy as np

from .activations import Activation
from .arrays import Array
from .noise import OF_ROUNDING, Noise

NEAR = 8.0
SHARE = 1.0
PROBED = 3  # samples that tell how far off arguments are,
STRAIGHT, _BENT = 1e-3, 0.02  # and from where on tanh and sigmoid are no lines
_APART = 0.1  # a value of 1 so uncertain: a product of several is no longer off in proportion
_OF_LIMIT = 1 / 64 / OF_ROUNDING  # a variance, from the square of the limit
_TANH_SATURATES = float(np.tanh(8.0)) ** 2  # from where on its rounding allows for more


def evaluated(
    activation: Activation, x: Array, delta: Array | None, noise: Noise
) -> tuple[Array | None, Array | None, Array]:
    """Errors of ``y = f(x)`` that come from those of x, the variance of its own rounding, and y."""
    y = activation.function(x)
    if delta is None and not activation.argument_ulps and activation.jump is None:
        return None, _own(activation, x, y, noise), y
    if delta is not None and activation.name in ("tanh", "sigmoid"):
        return _smooth(activation, x, y, delta, noise), _own(activation, x, y, noise), y
    low, high = _window(x, delta, noise)
    slope = np.copysign(activation.steepest(low, high), np.asarray(activation.derivative(y, x)))
    if delta is not None:
        delta = delta * slope[None].astype(noise.real)
    if activation.jump is not None or activation.argument_ulps:
        moved = _moved(activation, x, slope, (low, high), noise)
        if moved.any():
            error = noise.drawn(moved, x)
            delta = error if delta is None else error + delta
    return delta, _own(activation, x, y, noise), y


def _smooth(activation: Activation, x: Array, y: Array, delta: Array, noise: Noise) -> Array:
    """The errors of tanh and sigmoid: by the slope, or exactly where arguments are so far off that this is too little.

    And no less than by the steepest secant, where they are further off still, but within the function's range there.
    """
    slope = activation.derivative(y, x)
    probed = delta[:PROBED]
    reach = float(max(probed.max(initial=0.0), -probed.min(initial=0.0))) * noise.unit
    if reach <= STRAIGHT:
        return delta * slope[None].astype(noise.real)
    errors = (activation.function(x + noise.unit * delta.astype(np.float64)) - y) / noise.unit
    if reach > _BENT:
        secant, lowest, highest = _secant(activation, x, y, delta, noise)
        least = np.clip(delta * secant, lowest, highest)
        errors = np.where(np.abs(errors) < np.abs(least), least, errors)
        square = np.einsum("s...,s...->...", errors, errors) / len(errors)
        noise.apart |= not np.sqrt(square).max(initial=0.0) * noise.unit < _APART
    return errors.astype(noise.real)


def _secant(activation: Activation, x: Array, y: Array, delta: Array, noise: Noise) -> tuple[Array, Array, Array]:
    """The steepest secant within what another implementation's number may be, and the errors of f at the ends."""
    low, high = _window(x, delta, noise)
    steepest = np.zeros(x.shape)
    lowest, highest = ((activation.function(end) - y) / noise.unit for end in (low, high))
    for share in (1.0, 0.5, 0.25):
        reach = share * (high - low) / 2
        for end in (x - reach, x + reach):
            secant = np.abs(activation.function(end) - y) / reach
            steepest = np.maximum(steepest, np.where(np.isfinite(secant), secant, 0.0))
    return steepest, lowest, highest


def inside(low: float, high: float, y: Array, delta: Array | None, noise: Noise) -> tuple[Array, Array | None]:
    """1 where ``low < y < high``, else 0; and its errors, where it may be either."""
    found = ((y > low) & (y < high)).astype(np.float64)
    least, most = _window(y, delta, noise)
    either = np.zeros(y.shape, bool)
    for limit in (low, high):
        if np.isfinite(limit):
            moved = abs(float(noise.precision.stored(np.asarray(limit))) - limit)
            either |= ~((least >= limit + moved) | (limit - moved >= most))  # so where nothing is known of y
            either |= (y != limit) & (np.abs(y - limit) < noise.least)  # an underflow
    if not either.any():
        return found, None
    noise.at_kinks = True
    return found, noise.drawn(np.where(np.isfinite(most - least), either * (SHARE / noise.unit) ** 2, np.inf), y)


def _own(activation: Activation, x: Array, y: Array, noise: Noise) -> Array | None:
    """The variance of an evaluation's own error; None where it has none."""
    precision, square = noise.precision, y * y
    plain = activation.name == "sigmoid" or (
        activation.name == "tanh" and not np.maximum.reduce(square, axis=None, initial=0.0) > _TANH_SATURATES
    )
    if plain and not precision.absolute:
        ulps = precision.ulps_of(activation.name, activation.ulps)
        square *= max(ulps * ulps * _OF_LIMIT, 1.0)
        return square
    own = activation.rounding(x, y, precision) / precision.unit_roundoff
    if activation.ulps:
        own = own + precision.absolute / precision.unit_roundoff
        return np.maximum(own * own * _OF_LIMIT, square)
    return own * own * _OF_LIMIT if own.any() else None


def _window(x: Array, delta: Array | None, noise: Noise) -> tuple[Array, Array]:
    """What another implementation's numbers may be."""
    if delta is None:
        return x, x
    square = np.einsum("s...,s...->...", delta, delta, dtype=np.float64) / len(delta)
    reach = NEAR * noise.unit * np.sqrt(square)
    return x - reach, x + reach


def _moved(activation: Activation, x: Array, slope: Array, window: tuple[Array, Array], noise: Noise) -> Array:
    """The variance of what a sum within the activation, and a jump, may add."""
    (low, high), u = window, noise.precision.unit_roundoff
    limit = activation.argument_ulps * (np.abs(x) + 1)
    variance: Array = (slope * limit) ** 2 * _OF_LIMIT
    if activation.jump is not None:
        low, high = low - u * limit, high + u * limit
        jump = np.where(high > low, activation.jump(low, high), 0.0)
        noise.at_jumps |= bool(jump.any())
        variance = variance + (SHARE / noise.unit * jump) ** 2
    return variance
