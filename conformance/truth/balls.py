"""Balls: real numbers known up to a radius, as elements of the object arrays that `refimpl` computes on.

A `Ball` is python-flint's ``arb``, or an ``arb_series`` of first order, ``value + slope ε`` with ``ε² = 0``, behind
Python's operators. Two things make it more than the number it holds:

- A comparison that the ball leaves open raises `Undecided`, where ``arb`` answers False: relu and the hard sigmoids
  choose a branch by comparison, and a branch must never be chosen in silence. The caller raises the precision. A
  ball of radius zero is a number, and decides a tie.
- ``arb_series`` is iterable, so that ``np.array([series], dtype=object)`` takes it apart; a `Ball` is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flint
import numpy as np

from ..contract import Array


class Undecided(ArithmeticError):
    """A comparison that a ball leaves open at the present precision."""


class AtKink(ArithmeticError):
    """A power series that is exactly at a kink, where there is no derivative."""


class Ball:
    """An ``arb``, or an ``arb_series`` of first order, that refuses to guess."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __add__(self, other: Any) -> Ball:
        return Ball(self.value + _value(other))

    def __mul__(self, other: Any) -> Ball:
        return Ball(self.value * _value(other))

    def __sub__(self, other: Any) -> Ball:
        return Ball(self.value - _value(other))

    def __rsub__(self, other: Any) -> Ball:
        return Ball(_value(other) - self.value)

    def __truediv__(self, other: Any) -> Ball:
        return Ball(self.value / _value(other))

    def __rtruediv__(self, other: Any) -> Ball:
        return Ball(_value(other) / self.value)

    def __neg__(self) -> Ball:
        return Ball(-self.value)

    def exp(self) -> Ball:
        return Ball(self.value.exp())

    def expm1(self) -> Ball:
        return self._mapped("expm1", lambda x: x.exp())

    def log1p(self) -> Ball:
        return self._mapped("log1p", lambda x: 1 / (1 + x))

    def sqrt(self) -> Ball:
        return Ball(self.value.sqrt())

    def arctan(self) -> Ball:
        return Ball(self.value.atan())

    def erfc(self) -> Ball:
        return self._mapped("erfc", lambda x: -2 * (-x * x).exp() / flint.arb.pi().sqrt())

    def _mapped(self, name: str, derivative: Callable[[Any], Any]) -> Ball:
        """A function that ``arb`` has and ``arb_series`` has not, or not without cancellation."""
        value = getattr(constant(self), name)()
        if not isinstance(self.value, flint.arb_series):
            return Ball(value)
        return Ball(flint.arb_series([value, derivative(constant(self)) * slope(self)]))

    def reaches(self, begin: float) -> bool:
        """Whether the number is at least ``begin``; a series that starts there takes the formula on either side."""
        return Ball(constant(self)) >= begin

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other: Any) -> bool:
        return not self >= other

    def __gt__(self, other: Any) -> bool:
        return not self <= other

    def __ge__(self, other: Any) -> bool:
        return _sign(self - other) >= 0

    def __le__(self, other: Any) -> bool:
        return _sign(self - other) <= 0

    def __repr__(self) -> str:
        return f"Ball({self.value})"


def _value(other: Any) -> Any:
    """What the operand holds; a bool, int or float that an equation brings in stands for its exact value."""
    return other.value if isinstance(other, Ball) else flint.arb(other)


def _sign(difference: Ball) -> int:
    """-1, 0 or 1; `Undecided` where the ball leaves it open, `AtKink` where a series only starts at zero."""
    value = constant(difference)
    if value > 0:
        return 1
    if value < 0:
        return -1
    if not (value.is_exact() and value.is_zero()):
        raise Undecided(f"the sign of {value} at {flint.ctx.prec} bits")
    if not slope(difference).is_zero():
        raise AtKink("a power series that starts exactly at a kink")
    return 0


def constant(element: Any) -> Any:
    """The ``arb`` that an element of an object array stands for; of a series, its value at ε = 0."""
    value = _value(element)
    return value[0] if isinstance(value, flint.arb_series) else value


def slope(element: Any) -> Any:
    """The coefficient of ε of an element of an object array, an ``arb``; zero of what is no series."""
    value = _value(element)
    return value[1] if isinstance(value, flint.arb_series) else flint.arb(0)


def balls(values: Array) -> Array:
    """An object array of balls of radius zero, from an array of floats."""
    found = np.empty(values.shape, object)
    for where in np.ndindex(values.shape):
        found[where] = Ball(flint.arb(float(values[where])))
    return found


def series(values: Array, slopes: Array) -> Array:
    """An object array of ``value + slope ε``, from two arrays of floats of one shape."""
    found = np.empty(values.shape, object)
    for where in np.ndindex(values.shape):
        found[where] = Ball(flint.arb_series([float(values[where]), float(slopes[where])]))
    return found


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic in that many bits, and power series of first order."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = bits, 2
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


def interval(ball: Any) -> tuple[int, int, int]:
    """``(low, high, e)`` in integers: the ball is within ``[low * 2**e, high * 2**e]``, exactly."""
    (mid, mid_exp), (rad, rad_exp) = (part.man_exp() for part in (ball.mid(), ball.rad()))
    exponents = [int(e) for m, e in ((mid, mid_exp), (rad, rad_exp)) if m != 0]
    e = min(exponents, default=0)
    middle = int(mid) << (int(mid_exp) - e) if mid != 0 else 0
    radius = int(rad) << (int(rad_exp) - e) if rad != 0 else 0
    return middle - radius, middle + radius, e


def nearest_float(ball: Any) -> float | None:
    """The float64 nearest to the ball's number, ties to even; None while the ball leaves it open.

    Rounding does not decrease, so where both ends of the ball round to one float, so does all between. There is one
    rounding, from integers, for normal and subnormal results alike. Zero has no sign here: no real number has one.
    """
    if not ball.is_finite():
        return None
    low, high, e = interval(ball)
    down, up = _rounded(low, e), _rounded(high, e)
    return down + 0.0 if down == up else None


def _rounded(mantissa: int, exponent: int) -> float:
    """``mantissa * 2**exponent`` to the nearest float64, ties to even, infinite from ``2**1024 - 2**970`` on.

    Python's quotient of two integers is correctly rounded, subnormal results included.
    """
    if mantissa.bit_length() + exponent > 1100:
        return float("inf") if mantissa > 0 else float("-inf")
    if mantissa.bit_length() + exponent < -1100:
        return 0.0
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return float("inf") if mantissa > 0 else float("-inf")
