"""What an array of `rounded` carries: sums, their bounds once all roundings are done, and what rounds nothing.

Parts, transposes and joins of arrays round nothing. The rules of arithmetic are in `rounded`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from . import symbols
from .arrays import Array
from .precision import Precision
from .symbols import Linear
from .wrapping import Wrapping

_FEW = 2  # terms of a sum for which the absolute values of all of them will do, at less cost


class RoundedSums(Wrapping):
    """An array of sums whose last rounding is still to come.

    value       the values, float64
    error       the bound on the error that came in with the terms, but for what is linear
    magnitude   the sum of the terms' absolute values
    terms       how many terms each sum has
    rounded     how often each term has been rounded before the summation
    linear      the part of the error that is linear in the error of the state before the step; None: there is none
    """

    least: float = -np.inf
    """What no faithful implementation's number is below, where more is known of it than its error: a root, plus ε."""

    def __init__(
        self,
        precision: Precision,
        value: Array,
        error: Array,
        magnitude: Array,
        terms: int = 1,
        rounded: int = 0,
        linear: Linear | None = None,
    ) -> None:
        self.precision = precision
        self.value = value
        self.error = error
        self.magnitude = magnitude
        self.terms = terms
        self.rounded = rounded
        self.linear = linear
        self._bound: tuple[Array, Array] | None = None

    @classmethod
    def given(cls, precision: Precision, value: Any, bits: int = 0) -> Self:
        """An array that is given: its only error is that of being stored in the working precision, or in fewer bits."""
        value = np.asarray(value, np.float64)
        stored = precision.stored(value, bits)
        return cls(precision, value, np.abs(stored - value), np.abs(value))

    @property
    def bound(self) -> Array:
        """The bound on the error, all roundings done; infinite where an intermediate may overflow."""
        return self.bounds[1]

    @property
    def bounds(self) -> tuple[Array, Array]:
        """`bound` without what is linear, and with it."""
        if self._bound is None:  # a settled array is asked for it many times
            self._bound = self._bounds()
        return self._bound

    def _bounds(self) -> tuple[Array, Array]:
        precision, error = self.precision, self.error
        roundings = self.terms - 1 + self.rounded if self.terms else 0  # a sum of nothing is exactly 0
        if self.terms > _FEW:
            before, added = precision.gamma(self.rounded), precision.gamma(self.terms - 1)
            rounding = (before * (1 + added) + added / 2) * self.magnitude
            theirs = np.abs(self.value) + 2 * whole_error(error, self.linear)  # another implementation's terms
            rounding += added / 2 * theirs
            rounding += roundings * precision.smallest_normal
            error = error + rounding
        elif roundings:
            error = error + (precision.gamma(roundings) * self.magnitude + roundings * precision.smallest_normal)
        whole = whole_error(error, self.linear)
        in_range = self.magnitude + whole <= precision.largest
        if np.logical_and.reduce(in_range, axis=None):
            return error, whole
        return np.where(in_range, error, np.inf), np.where(in_range, whole, np.inf)  # NaN, from 0 · ∞, is out of range

    def _settled(self) -> tuple[Array, Array]:
        return self.value, self.bounds[1]

    def condensed(self) -> Self:
        """The same, all of its error in one number an element."""
        return self if self.linear is None else self._like(*self._settled())

    def _like(self, value: Array, error: Array, linear: Linear | None = None) -> Self:
        """A value that has been rounded: one term, nothing pending."""
        return type(self)(self.precision, value, error, np.abs(value) + 2 * whole_error(error, linear), linear=linear)

    def _lift(self, other: Any) -> Self:
        return other if isinstance(other, type(self)) else self.given(self.precision, other)

    # --- shape ------------------------------------------------------------------------------------

    def _each(self, change: Callable[[Array], Array], linear: Linear | None = None) -> Self:
        return type(self)(
            self.precision,
            change(self.value),
            change(self.error),
            change(self.magnitude),
            self.terms,
            self.rounded,
            linear,
        )

    @property
    def T(self) -> Self:
        return self.condensed()._each(np.transpose)

    def __getitem__(self, index: Any) -> Self:
        linear = self.linear and self.linear.at(index)
        it = self if linear is not None else self.condensed()
        found = it._each(lambda a: a[index], linear)
        rest, whole = it.bounds  # once for all steps, or gates, that are taken out
        found._bound = rest[index], whole[index]
        return found

    def swapaxes(self, one: int, other: int) -> Self:
        return self._each(lambda a: a.swapaxes(one, other), self.linear and self.linear.swapped(one, other))

    def reshape(self, *shape: int) -> Self:
        return self.condensed()._each(lambda a: a.reshape(*shape))

    def sum(self, axis: int) -> Self:
        summed = self.condensed()._each(lambda a: a.sum(axis=axis))
        summed.terms = self.terms * self.shape[axis]
        return summed

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`numpy.stack`, `concatenate`, `where` and `zeros_like`, for arrays of which some are `Rounded`."""
        if function is np.where:
            condition, *parts = args
            return self._joined(parts, lambda arrays: np.where(condition, *arrays), symbols.joined)
        if function is np.zeros_like:
            return np.zeros(args[0].shape)
        if function in (np.stack, np.concatenate):
            (parts,) = args
            of_linear = _LINEAR_OF.get((function.__name__, kwargs.get("axis")))
            return self._joined(parts, lambda arrays: function(arrays, **kwargs), of_linear)
        return NotImplemented

    def _joined(self, parts: Sequence[Any], join: Callable[[list[Array]], Array], of_linear: Any) -> Self:
        lifted = [self._lift(part) for part in parts]
        linear = of_linear and of_linear([part.linear for part in lifted], [part.shape for part in lifted], join)
        errors = [part.bounds[0 if linear is not None else 1] for part in lifted]
        return self._like(join([part.value for part in lifted]), join(errors), linear)


def whole_error(error: Array, linear: Linear | None) -> Array:
    """The bound on an error that is partly linear."""
    return error if linear is None else error + linear.bound


_LINEAR_OF: dict[tuple[str, int | None], Any] = {("stack", 0): symbols.stacked, ("concatenate", -1): symbols.joined}
"""How arrays are joined that keep what is linear: steps, and gates; others are condensed."""
