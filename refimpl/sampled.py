"""`Sampled`: arrays that carry samples of their rounding error, and the rules by which arithmetic passes them on.

A sample is one evaluation in which every operation is off by a random error of the size that the arithmetic makes:
D. S. Parker, *Monte Carlo Arithmetic* (UCLA CSD-970002, 1997); J. Vignes, *A stochastic arithmetic for reliable
scientific computation* (Mathematics and Computers in Simulation 35, 1993: CESTAC, CADNA); C. Denis, P. de Oliveira
Castro and E. Petit, *Verificarlo* (ARITH 23, 2016). That independent errors describe what sums and recurrences do is
argued by N. J. Higham and T. Mary (SIAM J. Sci. Comput. 41, 2019); under stochastic rounding it is so: M. P. Connolly,
N. J. Higham and T. Mary (SIAM J. Sci. Comput. 43, 2021).

Notation: ``u`` is the unit roundoff; ``δ_s`` is the error of sample s, in units of the standard deviation of a rounding
of 1 (`noise`); ``V`` the variance of roundings that are still to come: one rounding has ``V = y²``.

- *Errors are carried beside the values*, ``δ_ab = a δ_b + b δ_a``, ``δ_f(x) = f'(x) δ_x``: to first order, and in full
  where they are large. So they do not drown in the rounding of this evaluation, and float32 is enough for them.
- *Sums* of all kinds: `sampled_sums`. They are rounded when something that is no sum uses them.
- *Products* make the last rounding of a factor that is a product, or a function, together with their own. One with a
  sum of two may be made term by term, as reverse differentiation makes ``d a - d b`` of ``d (a - b)``; then errors of
  ``a - b`` that are the same in many rows are not the same in the product.
- *Activations* and their kinks: `sampled_activations`.
- *Parameters that are stored in fewer bits, and factors that are cut short* are off by the same in every use: `noise`.
- *Underflow*: each rounding may lose a smallest normal number. *Overflow*: infinite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import sampled_activations, sampled_sums
from .activations import Activation
from .arrays import Array
from .noise import BACKWARD, CUT
from .sampled_values import SampledValues


class Sampled(SampledValues):
    """An array whose last rounding may still be to come: `SampledValues`, with the rules of arithmetic."""

    # --- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Sampled:
        a, b = self, other if isinstance(other, Sampled) else self._lift(other)
        value = a.value + b.value
        pending = sampled_sums.of_two(a.value, b.value, value, (a.terms, b.terms))
        for each in (a, b):
            if each.delta is None and each.pending is None:  # to add an exact 0 rounds nothing
                pending *= each.value != 0
        if a.pending is not None:
            pending += a.pending
        if b.pending is not None:
            pending += b.pending
        one, other = a.delta, b.delta
        if a.value.shape == b.value.shape:
            delta = other if one is None else one if other is None else one + other
        else:
            delta = _total(one, other, value.shape)
        found = Sampled(a.noise, value, delta, pending, a.terms + b.terms)
        if a.terms == b.terms == 1:
            found._two = a.value, b.value
        return found

    def __neg__(self) -> Sampled:
        delta = None if self.delta is None else -self.delta
        return Sampled(self.noise, -self.value, delta, self.pending, self.terms)

    def __sub__(self, other: Any) -> Sampled:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Sampled:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Sampled:
        a, b = self, other if isinstance(other, Sampled) else self._lift(other)
        d_a, d_b = a._summed(), b._summed()
        value = a.value * b.value
        pending = value * value + a.noise.lost  # what underflows here may be multiplied by much later
        for one, other in ((a, b), (b, a)):
            if one._two is not None:
                np.maximum(pending, sampled_sums.by_term(one._two, other.square()), out=pending)
        if a.pending is not None:  # of a square both factors err alike
            pending += a.pending * b.square() * (3.0 if a is b else 1.0)
        if b.pending is not None:
            pending += b.pending * a.square()
        if a.value.shape == b.value.shape:  # the usual case, for which less is to be asked
            delta = None if d_a is None else d_a * b.narrow()
            if d_b is not None:
                more = d_b * a.narrow()
                delta = more if delta is None else np.add(delta, more, out=delta)
        else:
            from_a = None if d_a is None else _scaled(d_a, b.narrow(), value.ndim)
            from_b = None if d_b is None else _scaled(d_b, a.narrow(), value.ndim)
            delta = _total(from_a, from_b, value.shape)
        if d_a is not None and d_b is not None and not a.noise.linear:  # both may be off by more than they are
            both = d_a * d_b if d_a.ndim == d_b.ndim else _scaled(d_a, d_b, value.ndim)
            delta = _total(delta, both * a.noise.real(a.noise.unit), value.shape)
        return Sampled(a.noise, value, delta, a.noise.in_range(pending, value, delta))

    def __matmul__(self, other: Any) -> Sampled:
        a, b, noise = self, self._lift(other), self.noise
        d_a, d_b = (a.cut_short(), b.cut_short()) if noise.precision.factors else (a.settled(), b.settled())
        terms, columns = b.value.shape
        count = math.prod(a.value.shape[:-1])  # said in full: NumPy cannot tell it where a size is 0
        rows = a.value if a.value.ndim == 2 else a.value.reshape(count, terms)
        value = rows @ b.value
        delta, samples = None, 0
        if a._over_rows and noise.stride > 1:  # pooled over so many numbers, fewer samples do
            d_a, d_b = (d if d is None else d[:: noise.stride] for d in (d_a, d_b))
        if d_a is not None:
            kernel, samples = b.narrow()[0], len(d_a)
            delta = d_a @ kernel if a._over_rows else d_a.reshape(samples * count, terms) @ kernel
        if d_b is not None:
            of_b, samples = a.narrow()[0].reshape(count, terms) @ d_b, len(d_b)
            if delta is not None:
                of_b += delta.reshape(of_b.shape)
            delta = of_b
        squares = sampled_sums.product_of_squares(a.square().reshape(rows.shape), b.square())
        pending, kept = sampled_sums.of_inner_product(noise, rows, b.value, value, squares, a._over_rows)
        if a.value.ndim > 2:
            shape = *a.value.shape[:-1], columns
            value, pending = value.reshape(shape), pending.reshape(shape)
        if delta is not None:
            delta = delta.reshape(samples, *value.shape)
        return Sampled(noise, value, delta, pending, kept)

    def __rmatmul__(self, other: Any) -> Sampled:
        return self._lift(other) @ self

    def cut_short(self) -> Array | None:
        """The errors of a factor of an inner product, those of being cut short among them."""
        delta = self.settled()
        if self._cut is None:
            noise, cut = self.noise, self.noise.precision.cut / self.noise.unit
            self._cut = noise.drawn(self.square() * (cut * cut / 12), self.value, CUT)
            common = (0.5 * cut * noise.common).astype(noise.real)
            self._cut += common.reshape(-1, *[1] * self.ndim) * self.value.astype(noise.real)
            if delta is not None:
                self._cut += delta
        return self._cut

    def __truediv__(self, other: Any) -> Sampled:
        b = self._lift(other)
        d_a, d_b = self.settled(), b.settled()
        value = self.value / b.value
        delta = None if d_a is None else _scaled(d_a, (1 / b.value)[None].astype(d_a.dtype), value.ndim)
        if d_b is not None:
            delta = _total(delta, _scaled(d_b, (-value / b.value)[None].astype(d_b.dtype), value.ndim), value.shape)
        return Sampled(self.noise, value, delta, value * value)

    def __rtruediv__(self, other: Any) -> Sampled:
        return self._lift(other) / self

    def constant(self, value: float) -> Sampled:
        """A given number, as often as this array has elements, to reckon with among arrays of this kind."""
        return self._lift(np.full(self.shape, value))

    __radd__, __rmul__ = __add__, __mul__

    def activated(self, activation: Activation) -> Sampled:
        """``activation(self)``, with its own rounding."""
        if activation.name == "linear":
            return self
        delta, own, y = sampled_activations.evaluated(activation, self.value, self.settled(), self.noise)
        if own is not None:
            rounding = self.noise.drawn(own, y, of_function=True)
            delta = rounding if delta is None else np.add(rounding, delta, out=rounding)
        return Sampled(self.noise, y, delta)

    def strictly_between(self, low: float, high: float) -> Sampled:
        """1 where inside, 0 where not; where another implementation may be on the other side, either."""
        inside, delta = sampled_activations.inside(low, high, self.value, self.settled(), self.noise)
        return Sampled(self.noise, inside, delta)

    def renewed(self, others: Sequence[Any], beside: Any = None) -> tuple[Any, ...]:
        """This and the others, the parts of the state between two steps: a step's operations are counted anew."""
        self.noise.begin(0 if beside is None else BACKWARD)
        return (self, *others)


def _scaled(delta: Array, by: Array, axes: int) -> Array:
    """``b δ_a``, of a product of so many axes."""
    if delta.ndim <= axes or delta.ndim < by.ndim:
        delta = delta.reshape(len(delta), *[1] * (axes + 1 - delta.ndim), *delta.shape[1:])
    return delta * by


def _total(one: Array | None, other: Array | None, shape: tuple[int, ...]) -> Array | None:
    """The sum of the errors of two arrays, whose sum has that shape; None where there are none."""
    parts = [each for each in (one, other) if each is not None]
    if not parts:
        return None
    axes = len(shape) + 1
    wide = [d if d.ndim == axes else d.reshape(len(d), *[1] * (axes - d.ndim), *d.shape[1:]) for d in parts]
    total = wide[0] if len(wide) == 1 else wide[0] + wide[1]
    return total if total.shape[1:] == shape else np.broadcast_to(total, (len(total), *shape))
