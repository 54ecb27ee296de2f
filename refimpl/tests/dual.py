"""Numbers without rounding that carry their own derivative, to run the oracle's equations on.

A `Dual` is ``value + slope ε`` with ``ε² = 0``; arithmetic on it is differentiation by the rules of calculus,
one operation at a time, and knows nothing of the adjoint that it checks. Its parts are of one of two kinds:

- `fractions.Fraction`: every operation is exact, so a derivative must be *equal* to the adjoint's, not near.
  ``exp`` of a fraction is no fraction; here it is some fraction near it, with the one property that
  differentiation uses: ``exp(a + b ε) = exp(a) (1 + b ε)``. The adjoint uses no other, so equality holds.
- `decimal.Decimal`: the true ``exp``, in as many digits as its context has: the truth to hold rounding to.

A float or an int that an equation brings in is taken at its exact value.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

DIGITS = 150
"""Of the true results: tanh, as the oracle writes it for objects, cancels as many as its argument has zeros."""


class Dual:
    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any) -> None:
        self.value = value
        self.slope = slope

    def _lift(self, other: Any) -> Dual:
        kind = type(self.value)
        return other if isinstance(other, Dual) else Dual(kind(other), kind(0))

    def __add__(self, other: Any) -> Dual:
        other = self._lift(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other: Any) -> Dual:
        other = self._lift(other)
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Dual:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Dual:
        return -self + self._lift(other)

    def __truediv__(self, other: Any) -> Dual:
        other = self._lift(other)
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def __rtruediv__(self, other: Any) -> Dual:
        quotient: Dual = self._lift(other) / self
        return quotient

    __radd__, __rmul__ = __add__, __mul__

    def exp(self) -> Dual:
        if isinstance(self.value, Fraction):
            value: Any = Fraction(1 + round(math.exp(self.value) * 64), 64)
        else:
            value = self.value.exp()
        return Dual(value, value * self.slope)

    def expm1(self) -> Dual:
        if isinstance(self.value, Decimal) and abs(self.value) < Decimal(10) ** -DIGITS:
            return self  # the rest of its series is beyond all digits
        return self.exp() - 1

    def log1p(self) -> Dual:
        """Of decimals only: no fraction near it has a logarithm's property and exp's at once."""
        tiny = abs(self.value) < Decimal(10) ** -DIGITS
        return Dual(self.value if tiny else (1 + self.value).ln(), self.slope / (1 + self.value))

    def log(self) -> Dual:
        """Of decimals only."""
        return Dual(self.value.ln(), self.slope / self.value)

    def sqrt(self) -> Dual:
        """Of decimals only."""
        root = self.value.sqrt()
        return Dual(root, self.slope / (2 * root))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _value(other))

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _value(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _value(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _value(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _value(other))

    def __repr__(self) -> str:
        return f"{float(self.value)!r} (slope {float(self.slope)!r})"


def _value(element: Any) -> Any:
    return element.value if isinstance(element, Dual) else element


def duals(kind: type, values: Any, slopes: Any = 0.0) -> Any:
    """An object array of duals whose parts are of that kind, from arrays of floats."""
    values, slopes = np.broadcast_arrays(values, slopes)
    found = np.empty(values.shape, object)
    for where in np.ndindex(values.shape):
        found[where] = Dual(kind(float(values[where])), kind(float(slopes[where])))
    return found


def values(array: Any) -> Any:
    """The value of each element; of an int or float that stands among the duals, itself."""
    return _each(array, _value)


def slopes(array: Any) -> Any:
    """The slope of each element; of an int or float that stands among the duals, zero."""
    return _each(array, lambda element: element.slope if isinstance(element, Dual) else 0)


def _each(array: Any, part: Callable[[Any], Any]) -> Any:
    found = np.empty(np.shape(array), object)
    for where in np.ndindex(found.shape):
        found[where] = part(array[where])
    return found


def true_digits() -> Any:
    """A context in which decimals have `DIGITS` digits."""
    return decimal.localcontext(decimal.Context(prec=DIGITS))
