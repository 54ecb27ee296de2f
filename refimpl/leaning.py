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

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .arrays import Array
from .sampled_values import SampledValues

Arrays = Mapping[str, Array]
_CERTAIN = 10.0
"""Deviations from 0 at which a number has a side: what is lost in an underflow, though towards 0, is no truncation."""
_SATURATED = 4.0
"""Deviations from 1 within which activations saturate, and are rounded to 1 more often than from it."""

_ENOUGH = 2**15
"""Numbers that say enough of what a quantity's errors have in common."""


def leanings(sampled: Mapping[str, Sequence[Any]], values: Arrays, variances: Arrays) -> dict[str, Array]:
    """By name, ``(3, samples)``: the three sums over each sampled quantity; zeros of what has no errors.

    sampled     its parts, pieces of the batch
    values      the whole
    variances   of each number, in `Noise.unit`
    """
    found = {name: np.zeros((3, 1)) for name in sampled}
    alike: dict[int, dict[str, Array]] = {}
    unit = 0.0
    for name, parts in sampled.items():
        if values[name].size and all(isinstance(part, SampledValues) for part in parts):
            errors = errors_of(parts)
            if errors is not None:
                unit = parts[0].noise.unit
                alike.setdefault(len(errors), {})[name] = errors[:, some_of(values[name].size)]
    for deltas_by_name in alike.values():  # gradients of large kernels are of fewer samples
        lengths = [delta.shape[1] for delta in deltas_by_name.values()]
        value, variance = (
            np.concatenate([each[name].ravel()[some_of(each[name].size)] for name in deltas_by_name])
            for each in (values, variances)
        )
        errors = unit * np.concatenate(list(deltas_by_name.values()), axis=1, dtype=np.float64)
        its = sums(errors, value, unit * unit * variance, np.cumsum([0, *lengths[:-1]]))
        found.update(zip(deltas_by_name, its, strict=True))
    return found


def errors_of(parts: Sequence[SampledValues]) -> Array | None:
    """``(samples, numbers)`` of all parts; None where none has any."""
    deltas = [part.settled() for part in parts]
    samples = max((len(delta) for delta in deltas if delta is not None), default=0)
    if not samples:
        return None
    flat = [
        np.zeros((samples, part.value.size)) if delta is None else delta.reshape(samples, part.value.size)
        for part, delta in zip(parts, deltas, strict=True)
    ]
    return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)


def some_of(numbers: int) -> slice:
    """All of so many numbers, or of very many every so manyth: an odd one, so that it is not always of one unit."""
    return slice(None) if numbers <= _ENOUGH else slice(None, None, numbers // _ENOUGH | 1)


def sums(errors: Array, value: Array, variance: Array, begins: Any = (0,)) -> Array:
    """``(quantities, 3, samples)`` of errors ``(samples, numbers)``, without numbers of no variance or an unknown one.

    begins   where each quantity's numbers begin
    """
    with np.errstate(all="ignore"):
        known = np.isfinite(variance) & (variance > 0) & np.isfinite(errors).all(axis=0)
        signs = np.where(known, np.sign(errors), 0.0)
        deviation, size = np.sqrt(variance), np.abs(value)
        sided = (size > _CERTAIN * deviation) & (np.abs(size - 1) > _SATURATED * deviation)
        squares = np.where(known, errors * errors / variance - 1, 0.0)
        outward = signs * np.where(sided, np.sign(value), 0.0)
        return np.stack([np.add.reduceat(each, begins, axis=1).T for each in (signs, outward, squares)], axis=1)
