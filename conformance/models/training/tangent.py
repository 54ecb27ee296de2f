"""Arrays that carry their derivatives, to run the oracle's equations on: forward differentiation.

A `Tangent` is a value and its slopes along ``K`` directions, ``(K, *shape)``; arithmetic on it is the rules of
calculus, one operation at a time. Its parts are `Rounded` arrays. Where the value's error bound spans a region, each
slope's value and bound enclose the derivative *everywhere in that region*, since every rule below is evaluated on
`Rounded` numbers: by the mean value theorem the enclosure times a difference of two points of the region holds the
difference of the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refimpl.precision import Precision
from refimpl.rounded import Rounded

Array = Any
FLOAT64 = Precision.of("float64")


class Tangent:
    """``value`` and ``slope``, whose first axis is the direction's."""

    __array_ufunc__ = None  # an ndarray on the left hands the operation over to us

    def __init__(self, value: Rounded, slope: Rounded) -> None:
        self.value = value
        self.slope = slope

    @staticmethod
    def constant_of(value: Any, directions: int) -> Tangent:
        """A number or array that moves along no direction."""
        found = value if isinstance(value, Rounded) else Rounded.given(FLOAT64, value)
        return Tangent(found, Rounded.given(FLOAT64, np.zeros((directions, *found.shape))))

    def constant(self, value: float) -> Tangent:
        """A given number, to reckon with among arrays of this kind."""
        return self._lift(value)

    @property
    def directions(self) -> int:
        return self.slope.shape[0]

    def _lift(self, other: Any) -> Tangent:
        return other if isinstance(other, Tangent) else Tangent.constant_of(other, self.directions)

    # --- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tangent:
        if not isinstance(other, Tangent):  # a constant moves nothing, but it may broadcast
            value = self.value + other
            return Tangent(value, _widened(self.slope, len(value.shape), value.shape))
        value = self.value + other.value
        slopes = [_widened(part.slope, len(value.shape)) for part in (self, other)]
        return Tangent(value, slopes[0] + slopes[1])

    def __neg__(self) -> Tangent:
        return Tangent(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Tangent:
        found: Tangent = self + -other
        return found

    def __rsub__(self, other: Any) -> Tangent:
        found: Tangent = -self + other
        return found

    def __mul__(self, other: Any) -> Tangent:
        if not isinstance(other, Tangent):
            value = self.value * other
            return Tangent(value, _widened(self.slope, len(value.shape)) * other)
        value = self.value * other.value
        ours, theirs = (_widened(part.slope, len(value.shape)) for part in (self, other))
        return Tangent(value, ours * other.value + theirs * self.value)

    def __truediv__(self, other: Any) -> Tangent:
        if not isinstance(other, Tangent):
            return Tangent(self.value / other, self.slope / other)
        value = self.value / other.value
        ours, theirs = (_widened(part.slope, len(value.shape)) for part in (self, other))
        return Tangent(value, (ours - theirs * value) / other.value)

    def __rtruediv__(self, other: Any) -> Tangent:
        quotient: Tangent = self._lift(other) / self
        return quotient

    def __matmul__(self, other: Any) -> Tangent:
        if not isinstance(other, Tangent):
            return Tangent(self.value @ other, self.slope @ other)
        between = (slice(None), *[None] * (self.ndim - 2), Ellipsis)
        slope = self.slope @ other.value + self.value @ other.slope[between]
        return Tangent(self.value @ other.value, slope)

    def __rmatmul__(self, other: Any) -> Tangent:
        product: Tangent = self._lift(other) @ self
        return product

    def __pow__(self, exponent: int) -> Tangent:
        return Tangent(self.value**exponent, self.slope * (self.value ** (exponent - 1) * exponent))

    def sqrt(self) -> Tangent:
        root = self.value.sqrt()
        return Tangent(root, self.slope / (root * 2))

    __radd__, __rmul__ = __add__, __mul__

    # --- what activations ask for ----------------------------------------------------------------

    def activated(self, activation: Any) -> Tangent:
        """``activation(self)``; its slope by the activation's own derivative."""
        y = self.value.activated(activation)
        return Tangent(y, self.slope * activation.derivative(y, self.value))

    def strictly_between(self, low: float, high: float) -> Tangent:
        """1 where inside, 0 where not: flat, but where the limits are within reach it may jump, at any slope."""
        inside = self.value.strictly_between(low, high)
        slope = Rounded.given(FLOAT64, np.zeros(self.slope.shape))
        slope.error = slope.error + np.where(inside.bound > 0.5, np.inf, 0.0)
        return Tangent(inside, slope)

    # --- shape ------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def T(self) -> Tangent:
        if self.ndim != 2:
            raise NotImplementedError("only matrices are transposed")
        return Tangent(self.value.T, self.slope._each(lambda a: np.swapaxes(a, 1, 2)))

    def __getitem__(self, index: Any) -> Tangent:
        parts = index if isinstance(index, tuple) else (index,)
        return Tangent(self.value[index], self.slope[(slice(None), *parts)])

    def reshape(self, *shape: int) -> Tangent:
        return Tangent(self.value.reshape(*shape), self.slope.reshape(self.directions, *shape))

    def swapaxes(self, first: int, second: int) -> Tangent:
        axes = [axis % self.ndim + 1 for axis in (first, second)]
        return Tangent(
            self.value._each(lambda a: np.swapaxes(a, first, second)), self.slope._each(lambda a: np.swapaxes(a, *axes))
        )

    def sum(self, axis: int) -> Tangent:
        return Tangent(self.value.sum(axis=axis), self.slope.sum(axis=axis % self.ndim + 1))

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        """`numpy.stack`, `concatenate`, `where` and `zeros_like`, for arrays of which some are `Tangent`."""
        if function is np.zeros_like:
            return np.zeros(args[0].shape)
        if function is np.where:
            condition, *chosen = args
            parts = [self._lift(part) for part in chosen]
            value = _joined(np.where, [part.value for part in parts], condition)
            slopes = [_widened(part.slope, len(value.shape)) for part in parts]
            return Tangent(value, _joined(np.where, slopes, condition))
        if function in (np.stack, np.concatenate):
            parts = [self._lift(part) for part in args[0]]
            axis = kwargs.get("axis", 0)
            moved = axis if axis < 0 else axis + 1
            values: list[Any] = [part.value for part in parts]
            slopes_: list[Any] = [part.slope for part in parts]
            joined: list[Any] = [function(arrays, axis=at) for arrays, at in ((values, axis), (slopes_, moved))]
            return Tangent(*joined)
        return NotImplemented


def _joined(function: Callable[..., Any], parts: list[Rounded], condition: Array) -> Any:
    return function(condition, *parts)


def _widened(slope: Rounded, rank: int, shape: tuple[int, ...] | None = None) -> Rounded:
    """The slopes of an array that broadcasts to ``rank`` axes: new axes come behind that of the directions."""
    missing = rank + 1 - len(slope.shape)
    found = slope[(slice(None), *[None] * missing, Ellipsis)] if missing > 0 else slope
    if shape is None or found.shape[1:] == tuple(shape):
        return found
    return found._each(lambda a: np.broadcast_to(a, (found.shape[0], *shape)))
