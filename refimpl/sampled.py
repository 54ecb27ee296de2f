"""`Sampled`: arrays that carry samples of their rounding error, and the rules by which arithmetic passes them on.

A sample is one evaluation in which every operation is off by a random error of the size that the arithmetic makes: D. S.
Parker, *Monte Carlo Arithmetic* (UCLA CSD-970002, 1997); J. Vignes, *A stochastic arithmetic for reliable scientific
computation* (Mathematics and Computers in Simulation 35, 1993: CESTAC and CADNA); C. Denis, P. de Oliveira Castro and
E. Petit, *Verificarlo* (ARITH 23, 2016). That independent errors describe what sums and recurrences do is argued by N. J.
Higham and T. Mary (SIAM J. Sci. Comput. 41, 2019); under stochastic rounding it is so: M. P. Connolly, N. J. Higham and
T. Mary (SIAM J. Sci. Comput. 43, 2021).

Notation: ``u`` is the unit roundoff; ``δ_s`` is the error of sample s, in units of u; ``V`` the variance, in units of u²,
of roundings that are still to come.

- *Errors are carried beside the values*, ``δ_ab = a δ_b + b δ_a``, ``δ_f(x) = f'(x) δ_x``, to first order. So they do not drown
  in the rounding of this evaluation itself, and need no more than float32. Where terms of second order would matter the
  spread is large against the values, and `spread` calls them chaotic.
- *One rounding* is within ``u |y|``: variance ``y²/3``, as of an error uniform in there.
- *Inner products*. A sum of n rounded terms, with sum S and sum of squares Q, taken one by one in random order: its
  partial sums are a walk from 0 to S, whose squares add up to ``n (S²/3 + Q/6)`` in the mean, and so ``V = (n (S²/3 + Q/6) +
  Q) / 3``. Blocked, pairwise and fused sums round less often or smaller partial sums. Where an arithmetic sums up
  in more bits, that is in those, and S is rounded once.
- *Sums of sums*. An addition does not round at once: ``x W + b + h U + β`` is one sum, however it is grouped. If the sums A
  and B of n_A and n_B terms are added, either each by itself is and then ``S = A + B`` is rounded; or a walk to A
  goes on to S, in n_B more steps, each of which is longer by A: ``n_B A S`` more in the sum of squares. V is the most of these.
- *Activations* are off by 1/6 of what `Activation.rounding` allows at the most (so a number at its limit is six
  deviations off), and never less than a rounding.
- *Kinks and jumps*. Where one lies within `NEAR` deviations of an argument, the slopes, or values, on either side are as good,
  and the samples go to either side: they are off by ±`SHARE` of the difference.
- *Parameters that are stored in fewer bits, and factors that are cut short* are off by the same in every use: see `noise`.
- *Underflow*: each rounding may lose a smallest normal number. *Overflow*: infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .activations import Activation, Array
from .noise import CUT, STORAGE, Noise

NEAR = 8.0
"""Deviations within which another implementation may be on the other side of a kink."""
SHARE = 0.4
"""How much of the difference between two sides that are as good the samples are off by."""
_OF_ROUNDING = 3 / (8 * math.log(2)) / 3
_OF_LIMIT = 1 / 64
_SMOOTH = ("tanh", "sigmoid")
_TANH_SATURATES = np.tanh(8.0) ** 2
_FEW = 2  # terms of a sum whose partial sums are no walk
_LARGE = 2**18  # products of an inner product's operands from which on float32 is worth its while


class Sampled:
    """An array whose last rounding may still be to come.

    value    the values, float64
    delta    ``(samples, …)``, the errors in units of u; None: there are none
    pending  the variance of the last rounding, in units of u²; None: it is done
    terms    how many terms the sum has of which `pending` speaks
    """

    __array_ufunc__ = None  # an ndarray on the left hands the operation over to us
    __slots__ = ("_cut", "_square", "_transposed", "_whole", "delta", "noise", "pending", "terms", "value")

    def __init__(
        self, noise: Noise, value: Array, delta: Array | None = None, pending: Array | None = None, terms: int = 1
    ) -> None:
        self.noise = noise
        self.value = value
        self.delta = delta
        self.pending = pending
        self.terms = terms
        self._transposed: Sampled | None = None
        self._square: Array | None = None
        self._cut: Array | None = None
        self._whole: tuple[Sampled, Any] | None = None

    @staticmethod
    def given(noise: Noise, value: Any, bits: int = 0) -> Sampled:
        """An array that is given: its only error is that of being stored in the precision, or in fewer bits."""
        value = np.asarray(value, np.float64)
        moved = noise.precision.stored(value, bits) - value
        if not moved.any():
            return Sampled(noise, value)
        deviation = np.abs(moved) / noise.precision.unit_roundoff
        return Sampled(noise, value, noise.drawn(deviation * deviation, value, STORAGE))

    def settled(self) -> Array | None:
        """The errors, the last rounding made; a part of a sum has the rounding of the whole."""
        if self.pending is not None:
            if self._whole is None:
                rounding = self.noise.drawn(self.pending, self.value)
                if self.delta is not None:
                    rounding += self.delta
                self.delta = rounding
            else:
                whole, index = self._whole
                self.delta = _at(whole.settled(), index)
            self.pending, self.terms = None, 1
        return self.delta

    def _summed(self) -> Array | None:
        """The errors, the last rounding made where it is that of a sum; of a product or a function it may be to come."""
        return self.settled() if self.terms > 1 else self.delta

    def variance(self) -> Array:
        """The mean of the squares of the errors, in units of u²; zeros where there are none."""
        delta = self.settled()
        if delta is None:
            return np.zeros(self.value.shape)
        flat = delta.reshape(len(delta), -1)
        return (np.einsum("ij,ij->j", flat, flat) / np.float64(len(delta))).reshape(self.value.shape)

    def _lift(self, other: Any) -> Sampled:
        return other if isinstance(other, Sampled) else Sampled(self.noise, np.asarray(other, np.float64))

    # --- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Sampled:
        a, b = self, self._lift(other)
        value = a.value + b.value
        square = value * value
        square *= _OF_ROUNDING
        pending = square
        if a.pending is not None:
            pending = pending + a.pending
        if b.pending is not None:
            pending = pending + b.pending
        if a.terms + b.terms > _FEW:
            a_of_sum, b_of_sum = a.value * value, b.value * value
            longer = np.maximum(b.terms * a_of_sum, a.terms * b_of_sum)
            longer *= _OF_ROUNDING
            longer -= square
            pending = pending + np.maximum(longer, 0.0, out=longer)
        return Sampled(a.noise, value, _total(a.delta, b.delta, a.ndim, b.ndim), pending, a.terms + b.terms)

    def __neg__(self) -> Sampled:
        delta = None if self.delta is None else -self.delta
        return Sampled(self.noise, -self.value, delta, self.pending, self.terms)

    def __sub__(self, other: Any) -> Sampled:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Sampled:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Sampled:
        """The last rounding of a factor that is a product or a function is made with that of the result."""
        a, b = self, self._lift(other)
        d_a, d_b = a._summed(), b._summed()
        value = a.value * b.value
        pending = value * value
        pending *= _OF_ROUNDING
        if a.pending is not None:
            pending += a.pending * b.square()
        if b.pending is not None:
            pending += b.pending * a.square()
        axes = value.ndim
        if d_b is None:
            delta = None if d_a is None else _scaled(d_a, b, axes)
        else:
            delta = _scaled(d_b, a, axes)
            if d_a is not None:
                delta = _total(delta, _scaled(d_a, b, axes), axes, axes)
        return Sampled(a.noise, value, delta, pending)

    def square(self) -> Array:
        """``value²``."""
        if self._square is None:
            self._square = self.value * self.value
        return self._square

    def narrow(self) -> Array:
        """The values as exactly as errors are."""
        return self.value.astype(self.noise.real)

    def __matmul__(self, other: Any) -> Sampled:
        a, b, noise = self, self._lift(other), self.noise
        d_a, d_b = (a.settled(), b.settled()) if not noise.precision.factors else (a.cut_short(), b.cut_short())
        rows, terms = a.value.reshape(-1, a.shape[-1]), a.shape[-1]
        value = (rows @ b.value).reshape(*a.shape[:-1], b.shape[-1])
        delta = None
        if d_a is not None:
            kernel = b.narrow()
            if a.ndim == 2 and not d_a.flags.c_contiguous:  # a kernel's gradient: many rows, and transposed
                delta = d_a @ kernel
            else:
                delta = (d_a.reshape(-1, terms) @ kernel).reshape(noise.samples, *value.shape)
        if d_b is not None:
            of_b = rows.astype(noise.real) @ d_b
            delta = _total(delta, of_b.reshape(noise.samples, *value.shape), value.ndim, value.ndim)
        pending = value * value * _OF_ROUNDING
        of_sum = pending * (max(terms / 3, 1.0) if terms > 1 else 0.0) + a._squares(b) * ((terms / 6 + 1) * _OF_ROUNDING)
        if noise.precision.sums:
            return Sampled(noise, value, delta, pending + of_sum * noise.of_sums)
        return Sampled(noise, value, delta, of_sum, terms)

    def __rmatmul__(self, other: Any) -> Sampled:
        return self._lift(other) @ self

    def _squares(self, other: Sampled) -> Array:
        """``a² @ b²``."""
        square = self.square()
        if self.value.size * other.shape[-1] < _LARGE:
            return square @ other.square()
        low, largest = other.square().astype(np.float32), np.maximum.reduce(square, axis=None) or 1.0
        rows = (square / largest).astype(np.float32).reshape(-1, self.shape[-1])
        return (rows @ low).reshape(*self.shape[:-1], -1) * largest

    def cut_short(self) -> Array | None:
        """The errors of a factor of an inner product, those of being cut short among them."""
        delta = self.settled()
        if self._cut is None:
            noise, cut = self.noise, self.noise.precision.cut / self.noise.precision.unit_roundoff
            lost = noise.drawn(self.square() * (cut * cut / 12), self.value, CUT)
            lost += (0.5 * cut * noise.common).reshape(-1, *[1] * self.ndim) * self.value.astype(noise.real)
            self._cut = lost if delta is None else lost + delta
        return self._cut

    def __truediv__(self, other: Any) -> Sampled:
        b = self._lift(other)
        d_a, d_b = self.settled(), b.settled()
        value, inverse = self.value / b.value, Sampled(self.noise, 1 / b.value)
        quotient = Sampled(self.noise, -value * inverse.value)
        axes = value.ndim
        parts = [None if d is None else _scaled(d, by, axes) for d, by in ((d_a, inverse), (d_b, quotient))]
        delta = _total(*parts, axes, axes)
        return Sampled(self.noise, value, delta, value * value * _OF_ROUNDING)

    def __rtruediv__(self, other: Any) -> Sampled:
        return self._lift(other) / self

    def constant(self, value: float) -> Sampled:
        """A given number, as often as this array has elements, to reckon with among arrays of this kind."""
        return self._lift(np.full(self.shape, value))

    __radd__, __rmul__ = __add__, __mul__

    # --- what activations ask for ----------------------------------------------------------------

    def activated(self, activation: Activation) -> Sampled:
        """``activation(self)``, with its own rounding."""
        if activation.name == "linear":
            return self
        noise, x, delta = self.noise, self.value, self.settled()
        y = activation.function(x)
        if activation.name in _SMOOTH:
            slope = activation.derivative(y, x)
        else:
            slope = self._steepest(activation, x, y)
        if delta is not None:
            delta = delta * slope.astype(noise.real)
        if activation.jump is not None or activation.argument_ulps:
            delta = self._moved(activation, x, y, slope, delta)
        return Sampled(noise, y, delta, self._own(activation, x, y))

    def _own(self, activation: Activation, x: Array, y: Array) -> Array | None:
        """The variance of an evaluation's own error."""
        precision, square = self.noise.precision, y * y
        plain = activation.name == "sigmoid" or (
            activation.name == "tanh" and not np.maximum.reduce(square, axis=None, initial=0.0) > _TANH_SATURATES
        )
        if plain and not precision.absolute:
            ulps = precision.ulps_of(activation.name, activation.ulps)
            square *= max(ulps * ulps * _OF_LIMIT, _OF_ROUNDING)
            return square
        own = activation.rounding(x, y, precision) / precision.unit_roundoff
        if not activation.ulps and not own.any():
            return None
        if activation.ulps:
            own = own + precision.absolute / precision.unit_roundoff
        return np.maximum(own * own * _OF_LIMIT, square * (_OF_ROUNDING if activation.ulps else 0.0))

    def _window(self) -> tuple[Array, Array]:
        """What another implementation's number may be."""
        reach = NEAR * np.sqrt(self.variance()) * self.noise.precision.unit_roundoff
        return self.value - reach, self.value + reach

    def _steepest(self, activation: Activation, x: Array, y: Array) -> Array:
        """The slope, or the steepest that another implementation may be on."""
        low, high = self._window()
        return np.copysign(activation.steepest(low, high), np.asarray(activation.derivative(y, x)))

    def _moved(self, activation: Activation, x: Array, y: Array, slope: Array, delta: Array | None) -> Array | None:
        """The error with that of a sum within the activation, and that of a jump."""
        low, high = self._window()
        u, variance = self.noise.precision.unit_roundoff, np.zeros(y.shape)
        if activation.argument_ulps:
            at_most = activation.argument_ulps * (np.abs(x) + 1)
            low, high = low - NEAR / 8 * u * at_most, high + NEAR / 8 * u * at_most
            variance += (slope * at_most) ** 2 * _OF_LIMIT
        if activation.jump is not None:
            variance += np.where(high > low, SHARE / u * activation.jump(low, high), 0.0) ** 2
        if not variance.any():
            return delta
        return _total(delta, self.noise.drawn(variance, x), y.ndim, y.ndim)

    def strictly_between(self, low: float, high: float) -> Sampled:
        """1 where inside, 0 where not; where another implementation may be on the other side, either."""
        inside = ((self.value > low) & (self.value < high)).astype(np.float64)
        least, most = self._window()
        open_ = np.zeros(inside.shape, bool)
        for limit in (low, high):
            if np.isfinite(limit):
                open_ |= (least < limit) & (limit < most)
        if not open_.any():
            return Sampled(self.noise, inside)
        u = self.noise.precision.unit_roundoff
        return Sampled(self.noise, inside, self.noise.drawn(open_ * (SHARE / u) ** 2, self.value))

    def renewed(self, others: Sequence[Any], beside: Any = None) -> tuple[Any, ...]:
        """This and the others, the parts of the state between two steps: the operations of a step are counted anew."""
        self.noise.begin(0 if beside is None else 1024)
        return (self, *others)

    # --- shape ------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.value.dtype
        return dtype

    @property
    def T(self) -> Sampled:
        """Of a matrix; the same object each time, so that what it keeps is kept."""
        if self._transposed is None:
            delta = self.settled()
            self._transposed = Sampled(self.noise, self.value.T, None if delta is None else delta.swapaxes(1, 2))
        return self._transposed

    def __getitem__(self, index: Any) -> Sampled:
        """A part that shares the last rounding with the whole."""
        found = Sampled(self.noise, self.value[index], _at(self.delta, index))
        if self.pending is not None:
            found.pending, found.terms = self.pending[index], self.terms
            if self.terms > 1:
                found._whole = self, index
        return found

    def __iter__(self) -> Iterator[Sampled]:
        for k in range(len(self.value)):
            yield self[k]

    def _each(self, change: Callable[[Array, int], Array]) -> Sampled:
        delta, pending = self._summed(), self.pending
        return Sampled(
            self.noise,
            change(self.value, 0),
            None if delta is None else change(delta, 1),
            None if pending is None else change(pending, 0),
        )

    def swapaxes(self, one: int, other: int) -> Sampled:
        return self._each(lambda a, samples: a.swapaxes(one + samples, other + samples))

    def reshape(self, *shape: int) -> Sampled:
        return self._each(lambda a, samples: a.reshape(*a.shape[:samples], *shape))

    def sum(self, axis: int) -> Sampled:
        delta, terms = self.settled(), self.shape[axis]
        value = self.value.sum(axis=axis)
        pending = (value * value * max(terms / 3, 1.0) + terms / 6 * (self.value * self.value).sum(axis=axis)) * _OF_ROUNDING
        delta = None if delta is None else delta.sum(axis=axis + 1)
        return Sampled(self.noise, value, delta, pending, terms)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`numpy.stack`, `concatenate`, `where` and `zeros_like`, for arrays of which some are `Sampled`."""
        if function is np.where:
            condition, *parts = args
            return self._joined(parts, lambda arrays, axes: np.where(condition, *arrays))
        if function is np.zeros_like:
            return np.zeros(args[0].shape)
        if function in (np.stack, np.concatenate):
            axis = kwargs.get("axis", 0)
            return self._joined(args[0], lambda arrays, axes: function(arrays, axis=axis + (axes if axis >= 0 else 0)))
        return NotImplemented

    def _joined(self, parts: Sequence[Any], join: Callable[[list[Array], int], Array]) -> Sampled:
        lifted = [self._lift(part) for part in parts]
        deltas, pendings = [part._summed() for part in lifted], [part.pending for part in lifted]
        found = Sampled(self.noise, join([part.value for part in lifted], 0))
        if any(delta is not None for delta in deltas):
            shapes = [(self.noise.samples, *part.shape) for part in lifted]
            found.delta = join(_filled(deltas, shapes, self.noise.real), 1)
        if any(pending is not None for pending in pendings):
            found.pending = join(_filled(pendings, [part.shape for part in lifted], np.float64), 0)
        return found


def _filled(arrays: list[Array | None], shapes: Sequence[tuple[int, ...]], dtype: Any) -> list[Array]:
    """The arrays, zeros for None."""
    return [np.zeros(shape, dtype) if array is None else array for array, shape in zip(arrays, shapes, strict=True)]


def _at(delta: Array | None, index: Any) -> Array | None:
    """The errors of a part."""
    if delta is None or (isinstance(index, tuple) and index[0] is ...):
        return None if delta is None else delta[index]
    return delta[(slice(None), *index)] if isinstance(index, tuple) else delta[:, index]


def _scaled(delta: Array, by: Sampled, axes: int) -> Array:
    """``b δ_a``, of a product of so many axes."""
    if delta.ndim <= axes:
        delta = delta.reshape(len(delta), *[1] * (axes + 1 - delta.ndim), *delta.shape[1:])
    return delta * by.narrow()


def _total(one: Array | None, other: Array | None, axes: int, other_axes: int) -> Array | None:
    """The sum of errors of arrays of so many axes; None where there are none."""
    if one is None or other is None:
        return one if other is None else other
    if axes < other_axes:
        one = one.reshape(len(one), *[1] * (other_axes - axes), *one.shape[1:])
    if other_axes < axes:
        other = other.reshape(len(other), *[1] * (axes - other_axes), *other.shape[1:])
    return one + other
