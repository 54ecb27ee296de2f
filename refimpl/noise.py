"""The random errors of `sampled`: a sign for each sample, drawn from the number that is rounded.

A rounding error is no coin: the same operation on the same numbers gives the same error, in every row, step and run
(W. Kahan, *The Improbability of Probabilistic Error Analyses for Numerical Computations*, 1996; T. E. Hull and J. R.
Swenson, Communications of the ACM 9 (1966), held models of independent errors against recurrences). So the sign of an
error is a *hash* of the result, of the operation's place in a step, and of the seed. Rows that are equal err alike and
their errors add up; numbers that differ err independently. Three things are the same to rounding though their bits are
not, and there errors repeat from step to step:

- results that agree to a quarter of their last place
- *a number that changes by as much at each step*, as the state of a gate near 1: what is added is rounded to the last
  place of the sum, and loses as much every time. So of a step after another the hash knows by how much the result has
  changed, and the result itself only roughly
- *an activation* is a fixed function, which is off by nearly the same where it is asked nearly the same: its results
  agree where they do so but for their last four bits. So it makes its rounding at once, before anything uses it

But implementations compute some rows by other instructions than the rest, and numbers that nearly agree may err alike
or not; if not, errors that would cancel in a difference stay. So in half of the samples the hash knows the row and the
step too. It makes a sample the same in whatever pieces of the batch it is computed.

The error of one rounding is plus or minus its standard deviation, no more and no less: sums of many are normal all the
same, and a variance estimated from a dozen samples is the less uncertain (M. F. Hutchinson, Communications in
Statistics 18 (1989), for traces).

The mixer is two rounds of multiplication and shift, as in the finalizer of A. Appleby's MurmurHash3.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .arrays import Array
from .precision import Precision

MOST_SAMPLES = 32
"""How many signs one hash has."""
OF_ROUNDING = 3 / (8 * math.log(2)) / 3
"""The variance of a rounding in units of ``(u y)²``.

It is uniform within ``±u 2^e``, where ``2^e <= |y|``; over significands in their usual distribution the mean of
``(2^e / |y|)²`` is ``3 / (8 ln 2)`` (R. W. Hamming, Bell System Technical Journal 49, 1970).
"""
_STEP_AXES = 2  # of an array of one step
_FAR_APART = 0x9E3779B1
_OF_ROW, _OF_STEP = (np.array(n, np.uint32) for n in (0x9E3779B1, 0x27D4EB2F))
_FAR = 8.0  # deviations of a rounding
_SMALL = 2.0**-90
LEAST_EXPONENT = -500  # of what may be squared in float64
_FIRST, _SECOND, _SHIFT, _SIGN = (np.array(n, np.uint32) for n in (0x85EBCA6B, 0xC2B2AE35, 15, 2**31))
_OF_DOUBLE, _OF_SINGLE = 53, 24
_ROUGHLY = 12
"""Binary digits of a result that tell it from others which change by as much."""
_PLACES = 512
BACKWARD = _PLACES // 2
"""Where the places of back-propagation begin."""
STORAGE, CUT = _PLACES, _PLACES + 1
"""Places of errors that a number has wherever it is used: that of being stored, and of being cut short."""


class Noise:
    """What all arrays of one evaluation share: the arithmetic, how many samples, where their errors' signs come from.

    All errors are in units of ``unit``, the standard deviation of a rounding of 1, in float32 where its range holds
    them: three digits are enough. All variances are in its square, so that the rounding of y has y².

    steps     how many steps a run has
    stride    every which sample the gradients of kernels are made of
    careful   whether partial sums are looked at one by one, at many times the price
    repeats   how often each row and step occurs: sums of equal terms round in the same direction each time
    """

    def __init__(
        self,
        precision: Precision,
        samples: int,
        seed: tuple[int, ...],
        *,
        steps: int = 1,
        stride: int = 1,
        careful: bool = False,
        repeats: float = 1.0,
    ) -> None:
        self.precision = precision
        self.samples = samples
        self.steps = steps
        self.stride = stride
        self.careful = careful
        self.repeats = repeats
        self.real: Any = np.float32 if precision.least >= -126 else np.float64
        self.unit = math.sqrt(OF_ROUNDING) * precision.unit_roundoff
        self.least = 2.0 ** max(precision.least, LEAST_EXPONENT)
        self.lost = (self.least / self.unit) ** 2
        """The variance of what an underflow may cost."""
        self._digits = _alike(precision.bits)
        self._narrow = precision.most < 100  # else only numbers that are as small lose by it, and float32 overflows too
        self.of_sums = (2.0 ** (precision.bits - precision.sums)) ** 2 if precision.sums else 1.0
        """The variance of a rounding of an inner product's sum, in that of one of the precision."""
        self._salts, self.common = _drawn(samples, seed)
        """What of a sample's errors is the same for all numbers, where an arithmetic errs to one side."""
        self._shifts = _shifts(samples)
        self._place = 0
        self.begin_piece(0)
        self.linear = False
        """Whether errors are carried to first order, as where all of them are known to be small."""
        self.apart = False
        """Whether a tanh or sigmoid was met whose samples come apart, so that errors are no longer in proportion."""
        self.lost_slopes = False
        """Whether errors were carried to first order through a slope that is as small as its own error."""
        self.at_kinks = False
        """Whether a slope was met that may be either of two."""
        self.at_jumps = False
        """Whether a value was."""

    def carry_to_first_order(self, linear: bool) -> None:
        """Whether errors are; then float32 has room for them, but of very small or large values (`in_float32`)."""
        self.linear = linear
        self.real = np.float32 if linear or self.precision.least >= -126 else np.float64

    def in_float32(self, value: Array) -> bool:
        """Whether float32 has room for the errors of these values, if it carries them."""
        if self.real is np.float64 or self.precision.least >= -126:
            return True
        size = np.abs(value[value != 0])
        return bool(size.min(initial=1.0) > _SMALL and size.max(initial=1.0) < 1 / _SMALL)

    def begin_piece(self, first_row: int) -> None:
        """Begins with a piece of the batch."""
        self._first_row = first_row
        self._rows: dict[int, Array] = {}
        self._before: dict[int, Array] = {}
        self._step: Any = _OF_STEP

    def begin(self, place: int) -> None:
        """Begins to count the operations of a step, at this place."""
        self._place = place
        self._step = self._step + _OF_STEP

    def _whereabouts(self, value: Array) -> Any:
        """What tells a number's row and step from others."""
        if value.ndim < 2:
            return self._step
        rows = value.shape[-2]
        if rows not in self._rows:
            self._rows[rows] = (np.arange(self._first_row, self._first_row + rows, dtype=np.uint32) * _OF_ROW)[:, None]
        where = self._rows[rows] + self._step
        if value.ndim > _STEP_AXES:
            return where + (np.arange(len(value), dtype=np.uint32) * _OF_STEP)[:, None, None]
        return where

    def _operation(self, value: Array, place: int | None, digits: int) -> Array:
        """What tells an operation from others: its result; in a step after another, by how much the two results differ.

        place   where in a step; None: an error that a number has wherever it is used
        digits  in how many of them what errs alike agrees
        """
        bits = value.astype(np.float64, copy=False).view(np.int64)
        whole = _to_digits(bits, digits)
        if place is None:
            return whole.astype(np.uint32)
        if value.ndim > _STEP_AXES:
            before, bits = bits[:-1], bits[1:]
            later = whole[1:]
        else:
            before, self._before[place] = self._before.get(place), bits
            if before is None or before.shape != bits.shape:
                return whole.astype(np.uint32)
            later = whole
        later[...] = _to_digits(bits - before, digits) + _to_digits(bits, _ROUGHLY) * _FAR_APART
        return whole.astype(np.uint32)

    def in_range(self, variance: Array, value: Array, errors: Array | None = None) -> Array:
        """The variance of results ``value``; infinite where one that is so far off may overflow.

        errors   what the samples of the value are off beside that variance
        """
        if not self._narrow:
            return variance
        if errors is not None:
            variance, own = variance + np.einsum("s...,s...->...", errors, errors) / max(1, len(errors)), variance
            return np.where(np.isfinite(self.in_range(variance, value)), own, np.inf)
        farthest = np.abs(value) + (_FAR * self.unit) * np.sqrt(variance)
        return np.where(farthest > self.precision.largest, np.inf, variance)

    def drawn(self, variance: Array, value: Array, place: int | None = None, *, of_function: bool = False) -> Array:
        """``(samples, …)``: errors of that variance of the results ``value``; of the next operation, or at a place.

        of_function  whether the operation is an activation
        """
        begun = place is None
        if place is None:
            place = self._place = (self._place + 1) % _PLACES
        if self._narrow:
            variance = self.in_range(variance, value) + self.lost
        elif of_function:  # a product's holds it by then, for what it may be multiplied by
            variance = variance + self.lost
        deviation = np.sqrt(variance).astype(self.real)
        mixed = np.empty((2, 1, *value.shape), np.uint32)
        mixed[:, 0] = self._operation(value, place if begun else None, self._digits[of_function])
        mixed[1] += self._whereabouts(value) if begun else _OF_STEP
        mixed ^= self._salts[place]
        mixed *= _FIRST
        mixed ^= mixed >> _SHIFT
        mixed *= _SECOND
        signs = (mixed * self._shifts[value.ndim]).reshape(2 * -(-self.samples // 2), *value.shape)[: self.samples]
        if self.real is np.float64:
            return np.copysign(deviation, signs.view(np.float32))
        signs &= _SIGN
        signs |= deviation.view(np.uint32)[None]
        return signs.view(np.float32)


def _to_digits(bits: Array, digits: int) -> Array:
    """The bits of float64, or the difference of two, rounded to so many binary digits and moved to the right."""
    lost = _OF_DOUBLE - digits
    return (bits + (1 << (lost - 1))) >> lost


@lru_cache(maxsize=64)
def _drawn(samples: int, seed: tuple[int, ...]) -> tuple[list[Any], Array]:
    """A number to mix in at each place, and one of each sample, standard normal."""
    rng = np.random.default_rng(seed)
    salts = [np.array(salt) for salt in rng.integers(0, 2**32, _PLACES + 2, np.uint32)]
    return salts, rng.standard_normal(samples)


@lru_cache(maxsize=8)
def _alike(bits: int) -> tuple[int, int]:
    """In how many binary digits two results agree where they err alike: of a rounding, and of an activation.

    The oracle's own float64 has no more to tell them by; activations in half precision are computed in float32.
    """
    rounding = min(bits + 2, _OF_DOUBLE - 4)
    return rounding, max(bits - 4, min(rounding, _OF_SINGLE - 4))


@lru_cache(maxsize=64)
def _shifts(samples: int) -> list[Array]:
    """What multiplied with moves each sample's bit to the sign, for arrays of any number of axes."""
    half = -(-samples // 2)
    return [(1 << np.arange(half, dtype=np.uint32)).reshape(half, *[1] * axes) for axes in range(6)]
