"""What the many errors of one answer have in common, which no single one shows.

A number that is 0.3 deviations off says nothing. A thousand that are so in the same direction do, if their errors come
from different roundings; if they all come from one, they say no more than a single number. How much they have in common
is seen in the samples: each is an answer with its own errors. So three sums over an answer's numbers are compared with
the same sums over each sample's:

- of the errors' signs
- of the errors' signs away from 0, since who truncates errs towards it
- of the squares of the errors, in units of their variances, less 1

Their mean is 0, but for the last of an implementation that errs less than the model allows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array
from .sampled_values import SampledValues

_CERTAIN = 10.0
"""Deviations from 0 at which a number has a side: what is lost in an underflow, though towards 0, is no truncation."""
_SATURATED = 4.0
"""Deviations from 1 within which activations saturate, and are rounded to 1 more often than from it."""

_ENOUGH = 2**15
"""Numbers that say enough of what a quantity's errors have in common."""


def leaning(sampled: Any) -> Array:
    """``(3, samples)``: the three sums over a sampled quantity, of each sample; zeros of what has no errors."""
    if not isinstance(sampled, SampledValues):
        return np.zeros((3, 1))
    variance = sampled.variance().ravel()
    delta = sampled.settled()
    if delta is None or not sampled.value.size:
        return np.zeros((3, sampled.noise.samples))
    unit, some = sampled.noise.unit, some_of(sampled.value.size)
    errors = unit * delta.reshape(len(delta), -1)[:, some].astype(np.float64)
    return sums(errors, sampled.value.ravel()[some], unit * unit * variance[some])


def some_of(numbers: int) -> slice:
    """All of so many numbers, or of very many every so manyth: an odd one, so that it is not always of one unit."""
    return slice(None) if numbers <= _ENOUGH else slice(None, None, numbers // _ENOUGH | 1)


def sums(errors: Array, value: Array, variance: Array) -> Array:
    """``(3, samples)`` of errors ``(samples, numbers)``, without numbers that have no variance or an unknown one."""
    with np.errstate(all="ignore"):
        known = np.isfinite(variance) & (variance > 0) & np.isfinite(errors).all(axis=0)
        signs = np.where(known, np.sign(errors), 0.0)
        deviation, size = np.sqrt(variance), np.abs(value)
        sided = (size > _CERTAIN * deviation) & (np.abs(size - 1) > _SATURATED * deviation)
        squares = np.where(known, errors * errors / variance - 1, 0.0)
    return np.stack([signs.sum(axis=1), signs @ np.where(sided, np.sign(value), 0.0), squares.sum(axis=1)])
