"""`Rounded`: arrays that carry a bound on their rounding error, and the rules by which arithmetic passes it on.

The rules are those of Higham, *Accuracy and Stability of Numerical Algorithms* (2nd ed., SIAM 2002).

Notation. ``u`` is the unit roundoff of the working precision; ``γ_n = n u / (1 - n u)`` (Higham, 3.1). ``â`` is
computed, ``a`` exact, and the bound of ``a`` is ``E_a >= |â - a|``.

- *Sums and inner products* (Higham 3.1, 4.2). A sum of ``p`` terms, each rounded ``q`` times before, is made in
  ``p - 1`` additions, **in any order**, fused or blocked. Each gives the sum of some of the terms, which is at most
  what those of one sign add up to: ``M = (Σ|term| + |Σ term|) / 2``. So it is computed within
  ``γ_{p-1} (M + γ_q Σ|term|) + γ_q Σ|term|``. An addition therefore does not round at once: it adds up the terms, their
  absolute values and their count, until something that is no sum uses the result. ``x W + b + h U + β`` is one sum of
  ``input + hidden + 2`` terms, however an implementation groups it. Where an arithmetic sums up inner products in more
  bits, each is a term of its own, rounded once; where it cuts their factors short by a share ``κ`` of themselves, each
  is off by ``(2 κ + κ²) Σ|term|`` in addition.
- *Products*. ``E_ab = |â| E_b + |b̂| E_a + 3 E_a E_b``, since a factor that another implementation computes may lie
  ``2 E`` from ours; and one rounding.
- *Quotients, powers and roots* by the first derivative in the same manner, each in its method below; a quotient has no
  bound where the divisor may be 0.
- *Activations*. ``E_f(x) = sup |f'| · E_x``, the supremum taken over ``[x̂ - 2 E_x, x̂ + 2 E_x]``, which holds the
  exact x and every other faithful x̂, plus the activation's own rounding (`activations.Activation`). The derivative of
  relu and of the hard sigmoids jumps: where the interval contains a kink either slope is right, and the bound says so.
- *What is linear in the error of the state before a step* is carried with its sign (`symbols`), so that errors cancel:
  ``δ_ab = â δ_b + b̂ δ_a`` and ``δ_f(x) = f'(x̂) δ_x``. What the rules above leave beside it joins the rest.
- *Underflow*. Each operation may lose one smallest normal number, as hardware that flushes to zero does.
- *Overflow*. Where a sum's terms may add up to more than the largest number, nothing can be said of it.

No term of second order is left out: the bound holds for large ``E`` too, up to infinity where nothing can be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import symbols
from .activations import Activation
from .rounded_sums import RoundedSums, whole_error


class Rounded(RoundedSums):
    """An array of sums whose last rounding is still to come: `RoundedSums`, with the rules of arithmetic."""

    def _beside(self, other: Any) -> tuple[Rounded, Rounded]:
        """Both, with what is linear in symbols that the two share, or else condensed; as is what has to be repeated."""
        one, other = self, self._lift(other)
        if one.linear is None and other.linear is None:
            return one, other
        if one.linear is not None and other.linear is not None and not one.linear.meets(other.linear):
            return one.condensed(), other.condensed()
        if one.value.shape != other.value.shape:
            shape = np.broadcast_shapes(one.shape, other.shape)
            one, other = (each if each.shape == shape else each.condensed() for each in (one, other))
        return one, other

    # --- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Rounded:
        least = self.least + other if isinstance(other, float) else -np.inf
        one, other = self._beside(other)
        found = Rounded(
            one.precision,
            one.value + other.value,
            one.error + other.error,
            one.magnitude + other.magnitude,
            one.terms + other.terms,
            max(one.rounded, other.rounded),
            symbols.total(one.linear, other.linear),
        )
        found.least = least
        return found

    def __neg__(self) -> Rounded:
        linear = None if self.linear is None else self.linear.scaled(-1.0)
        return Rounded(self.precision, -self.value, self.error, self.magnitude, self.terms, self.rounded, linear)

    def __sub__(self, other: Any) -> Rounded:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Rounded:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Rounded:
        """``|âb̂ - ab - (â δ_b + b̂ δ_a)| <= 3 E_a E_b`` beside what the factors' own parts that are not linear give."""
        one, other = self._beside(other)
        (r_a, e_a), (r_b, e_b) = one.bounds, other.bounds
        a, b = one.value, other.value
        abs_a, abs_b = np.abs(a), np.abs(b)
        error = abs_a * r_b + r_a * abs_b + 3 * e_a * e_b
        linear = symbols.total(one.linear and one.linear.scaled(b), other.linear and other.linear.scaled(a))
        return Rounded(one.precision, a * b, error, abs_a * abs_b + 2 * whole_error(error, linear), 1, 1, linear)

    def __matmul__(self, other: Any) -> Rounded:
        """As by element; what a kernel's own error does is never linear in the state's."""
        other = self._lift(other).condensed()
        (r_a, e_a), (b, e_b) = self.bounds, other._settled()
        a, abs_b, precision = self.value, np.abs(b), self.precision
        error = r_a @ abs_b
        if np.count_nonzero(e_b):  # a kernel is exact, unless storing it in the working precision rounds it
            error = error + np.abs(a) @ e_b + 3 * (e_a @ e_b)
        value, linear, terms = a @ b, self.linear and self.linear.through(b), self.shape[-1]
        magnitude = np.abs(a) @ abs_b + 2 * whole_error(error, linear)
        if precision.cut:
            error = error + (2 * precision.cut + precision.cut**2) * magnitude
        if precision.sums:
            error = error + precision.gamma_of_sums(terms) * magnitude + terms * precision.smallest_normal
            magnitude, terms = np.abs(value) + 2 * whole_error(error, linear), 1
        return Rounded(precision, value, error, magnitude, terms, 1, linear)

    def __rmatmul__(self, other: Any) -> Rounded:
        return self._lift(other) @ self

    def __truediv__(self, other: Any) -> Rounded:
        """``|â/b̂ - a/b| <= E_a / |b̂| + |a| E_b / (|b| |b̂|)``, where b̂ may lie ``2 E_b`` from ours; infinite about 0."""
        other = self._lift(other)
        (a, e_a), (b, e_b) = self._settled(), other._settled()
        least = other.least * (1 - 4 * self.precision.unit_roundoff)
        exact, theirs = np.maximum(np.abs(b) - e_b, least), np.maximum(np.abs(b) - 2 * e_b, least)
        error = e_a / theirs + (np.abs(a) + e_a) * e_b / (exact * theirs)
        error = np.where(theirs > 0, error, np.inf)
        found = Rounded(self.precision, a / b, error, np.abs(a / b) + 2 * error, 1, 1)
        found.least = 0.0 if self.least >= 0 and (b - 2 * e_b > 0).all() else -np.inf
        return found

    def __rtruediv__(self, other: Any) -> Rounded:
        return self._lift(other) / self

    def __pow__(self, exponent: int) -> Rounded:
        """A power with a whole exponent, by the library's ``pow``, which may be off by 2 units in the last place."""
        a, e = self._settled()
        slope = exponent * (np.abs(a) + 2 * e) ** max(exponent - 1, 0)
        return self._like(a**exponent, slope * e + 4 * self.precision.unit_roundoff * np.abs(a) ** exponent)

    def sqrt(self) -> Rounded:
        """``|√â - √a| = |â - a| / (√â + √a)``, and never more than the root of ``|â - a|``."""
        a, e = self._settled()
        below = np.sqrt(np.maximum(a - 2 * e, 0)) + np.sqrt(np.maximum(a - e, 0))
        with np.errstate(all="ignore"):
            spread = np.where(e > 0, np.minimum(e / below, np.sqrt(e)), 0.0)
        root = np.sqrt(a)  # off by 2 units: XLA and Eigen may take it from an approximate reciprocal root
        found = self._like(root, spread + 4 * self.precision.unit_roundoff * root)
        found.least = 0.0
        return found

    def constant(self, value: float) -> Rounded:
        """A given number, as often as this array has elements, to reckon with among arrays of this kind."""
        return self._lift(np.full(self.shape, value))

    __radd__, __rmul__ = __add__, __mul__

    # --- what activations ask for ----------------------------------------------------------------

    def activated(self, activation: Activation) -> Rounded:
        """``activation(self)``, with its own rounding."""
        u, x, (r, e) = self.precision.unit_roundoff, self.value, self.bounds
        if activation.argument_ulps:
            moved = activation.argument_ulps * u * (np.abs(x) + 1)
            r, e = r + moved, e + moved
        y = activation.function(x)
        own = activation.rounding(x, y, self.precision)
        if activation.ulps:
            own = own + self.precision.absolute
        spread = activation.spread(x, e)
        if self.linear is None or (bend := activation.bend(x, e)) is None:
            return self._like(y, spread + own)
        slope = activation.derivative(y, x)
        straight = np.abs(slope) * r + bend * e  # and slope · δ, which is linear
        follows = straight + np.abs(slope) * (e - r) <= 2 * spread  # else the slope varies too much, or is unknown
        slope, spread = np.where(follows, slope, 0.0), np.where(follows, straight, spread)
        return self._like(y, spread + own, self.linear.scaled(slope))

    def renewed(self, others: Sequence[Any], beside: Any = None) -> tuple[Rounded, ...]:
        """This and the others, parts of the state between two steps, their error in symbols of the next: see `symbols`.

        beside   what the next step knows already, in symbols to be continued
        """
        parts = (self, *map(self._lift, others))
        base = beside.linear.symbols if isinstance(beside, Rounded) and beside.linear is not None else None
        found = symbols.renewed([(part.value.shape, part.bounds, part.linear) for part in parts], base)
        pairs = zip(parts, found, strict=True)
        return tuple(part._like(part.value, error, linear) for part, (error, linear) in pairs)

    def strictly_between(self, low: float, high: float) -> Rounded:
        """1 where inside, 0 where not, and an error of 1 where the error bound leaves it open."""
        y, e = self._settled()
        inside = ((y > low) & (y < high)).astype(np.float64)
        open_ = np.zeros(y.shape, bool)
        for limit in (low, high):
            if np.isfinite(limit):
                moved = np.abs(self.precision.stored(np.asarray(limit, np.float64)) - limit)
                open_ |= np.abs(y - limit) < 2 * e + moved
        return self._like(inside, open_.astype(np.float64))
