"""What an array of `sampled` carries: values, the samples of their errors, and what rounds nothing.

Parts, transposes and joins of arrays round nothing. The rules of arithmetic are in `sampled`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from . import sampled_sums
from .arrays import Array
from .noise import STORAGE, Noise
from .wrapping import Wrapping

_NARROW_BITS = 24  # numbers of float32 can be stored in so many bits


class SampledValues(Wrapping):
    """An array whose last rounding may still be to come.

    value    the values, float64
    delta    ``(samples, …)``, the errors in `Noise.unit`; None: there are none
    pending  the variance of the last rounding; None: it is done
    terms    how many terms the sum has of which ``pending`` speaks; 1 of a product or a function
    """

    _cut: Array | None = None
    _narrow: Array | None = None
    _square: Array | None = None
    _transposed: Self | None = None
    _over_rows = False  # a transposed array: products with it are sums over rows and steps
    _whole: tuple[Self, Any] | None = None  # of what this is a part
    _two: tuple[Array, Array] | None = None  # of which this is the sum

    def __init__(
        self, noise: Noise, value: Array, delta: Array | None = None, pending: Array | None = None, terms: int = 1
    ) -> None:
        self.noise = noise
        self.value = value
        self.delta = delta
        self.pending = pending
        self.terms = terms

    @classmethod
    def given(cls, noise: Noise, value: Any, bits: int = 0) -> Self:
        """An array that is given: its only error is that of being stored in the precision, or in fewer bits."""
        value = np.asarray(value, np.float64)
        if (bits or noise.precision.bits) >= _NARROW_BITS and (value.astype(np.float32) == value).all():
            return cls(noise, value)
        moved = noise.precision.stored(value, bits) - value
        if not np.count_nonzero(moved):
            return cls(noise, value)
        moved /= noise.unit
        return cls(noise, value, noise.drawn(moved * moved, value, STORAGE))

    def settled(self) -> Array | None:
        """The errors, the last rounding made; a part of a sum has the rounding of the whole."""
        if self.pending is not None:
            if self._whole is None:
                rounding = self.noise.drawn(self.pending, self.value)
                if self.delta is not None:
                    if len(self.delta) < len(rounding):  # a gradient of a large kernel, of fewer samples
                        rounding = rounding[:: self.noise.stride]
                    rounding += self.delta
                self.delta = rounding
            else:
                whole, index = self._whole
                self.delta = _at(whole.settled(), index)
            self.pending, self.terms = None, 1
        return self.delta

    def _summed(self) -> Array | None:
        """The errors, the last rounding made if it is that of a sum; of a product or a function it may be to come."""
        return self.settled() if self.terms > 1 else self.delta

    def variance(self) -> Array:
        """The mean of the squares of the errors, and the variance of the last rounding."""
        found: Any = 0.0
        if self.delta is not None:
            flat = self.delta.reshape(len(self.delta), self.value.size)
            found = np.einsum("ij,ij->j", flat, flat, dtype=np.float64).reshape(self.value.shape)
            found /= len(flat)
        if self.pending is not None:
            found = found + self.pending
        elif self.delta is None:
            return np.zeros(self.value.shape)
        else:  # a few errors of one size may cancel in all samples; the last rounding at least does not
            found = np.where(found == 0, 0.0, np.maximum(found, self.square()))
        return self.noise.in_range(found, self.value) + self.noise.lost

    def _lift(self, other: Any) -> Self:
        return other if isinstance(other, type(self)) else type(self)(self.noise, np.asarray(other, np.float64))

    def square(self) -> Array:
        """``value²``."""
        if self._square is None:
            self._square = self.value * self.value
        return self._square

    def narrow(self) -> Array:
        """The values as exactly as errors are; those of a kernel are asked for at every step."""
        if self._narrow is None:
            self._narrow = self.value[None].astype(self.noise.real)  # NumPy joins axes only of arrays with as many
        return self._narrow

    # --- shape ------------------------------------------------------------------------------------

    @property
    def T(self) -> Self:
        """Of a matrix; the same object each time, so that what it keeps is kept."""
        if self._transposed is None:
            self._transposed = self.swapaxes(0, 1)
            self._transposed._over_rows = True
        return self._transposed

    def __getitem__(self, index: Any) -> Self:
        """A part, which shares the last rounding with the whole."""
        found = type(self)(self.noise, self.value[index], _at(self.delta, index))
        if self.pending is not None:
            found.pending, found.terms = self.pending[index], self.terms
            if self.terms > 1:
                found._whole = self, index
        if self._two is not None:
            one, other = (np.broadcast_to(term, self.shape)[index] for term in self._two)
            found._two = one, other
        return found

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(len(self.value)))

    def _each(self, change: Callable[[Array, int], Array]) -> Self:
        delta, pending = self._summed(), self.pending
        return type(self)(
            self.noise,
            change(self.value, 0),
            None if delta is None else change(delta, 1),
            None if pending is None else change(pending, 0),
        )

    def swapaxes(self, one: int, other: int) -> Self:
        return self._each(lambda a, samples: a.swapaxes(one + samples, other + samples))

    def reshape(self, *shape: int) -> Self:
        return self._each(lambda a, samples: a.reshape(*a.shape[:samples], *shape))

    def sum(self, axis: int) -> Self:
        delta, terms, value = self.settled(), self.value.shape[axis], self.value.sum(axis=axis)
        if not terms:
            return type(self)(self.noise, value)
        pending = sampled_sums.of_rows(self.noise, self.value, value, axis)
        return type(self)(self.noise, value, None if delta is None else delta.sum(axis=axis + 1), pending, terms)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`numpy.stack`, `concatenate`, `where` and `zeros_like`, for arrays of which some are `Sampled`."""
        if function is np.where:
            condition, *parts = args
            return self._joined(parts, lambda arrays, samples: np.where(condition, *arrays))
        if function is np.zeros_like:
            return np.zeros(args[0].shape)
        if function in (np.stack, np.concatenate):
            axis = kwargs.get("axis", 0)
            after = axis + (axis >= 0)  # past the samples
            return self._joined(args[0], lambda arrays, samples: function(arrays, axis=after if samples else axis))
        return NotImplemented

    def _joined(self, parts: Sequence[Any], join: Callable[[list[Array], int], Array]) -> Self:
        lifted = [self._lift(part) for part in parts]
        deltas, pendings = [part._summed() for part in lifted], [part.pending for part in lifted]
        found = type(self)(self.noise, join([part.value for part in lifted], 0))
        if any(delta is not None for delta in deltas):
            samples = next(len(delta) for delta in deltas if delta is not None)
            shapes = [(samples, *part.value.shape) for part in lifted]
            found.delta = join(_filled(deltas, shapes, self.noise.real), 1)
        if any(pending is not None for pending in pendings):
            found.pending = join(_filled(pendings, [part.value.shape for part in lifted], np.float64), 0)
        return found


def _filled(arrays: list[Array | None], shapes: Sequence[tuple[int, ...]], dtype: Any) -> list[Array]:
    """The arrays, zeros for None."""
    return [np.zeros(shape, dtype) if array is None else array for array, shape in zip(arrays, shapes, strict=True)]


def _at(delta: Array | None, index: Any) -> Array | None:
    """The errors of a part."""
    if delta is None:
        return None
    if not isinstance(index, tuple):
        return delta[:, index]
    return delta[index] if index[0] is ... else delta[(slice(None), *index)]
