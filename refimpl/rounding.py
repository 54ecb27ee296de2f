"""How far a faithful implementation may lie from the exact result: a running error analysis.

The cell's own equations, step and adjoint, are run once more on `Rounded` arrays: values that carry a bound on
their error and apply, operation by operation, the rules of Higham, *Accuracy and Stability of Numerical
Algorithms* (2nd ed., SIAM 2002), to both. So there is no second set of equations that could be wrong, and
whatever the oracle learns to compute it also learns to bound.

Notation. ``u`` is the unit roundoff of the working precision; ``γ_n = n u / (1 - n u)`` (Higham, 3.1). ``â`` is
computed, ``a`` exact, and the bound of ``a`` is ``E_a >= |â - a|``.

- *Sums and inner products* (Higham 3.1, 4.2). A sum of ``p`` terms, each rounded ``q`` times before, is computed
  within ``γ_{p-1+q} Σ|term|``, **in any order of summation**, fused or blocked. An addition therefore does not
  round at once: it adds up the terms' absolute values and their count, until something that is no sum uses the
  result. ``x W + b + h U + β`` is one sum of ``input + hidden + 2`` terms, however an implementation groups it.
- *Products*. ``E_ab = |â| E_b + |b̂| E_a + 3 E_a E_b``, since a factor that another implementation computes may lie
  ``2 E`` from ours; and one rounding.
- *Activations*. ``E_f(x) = sup |f'| · E_x``, the supremum taken over ``[x̂ - 2 E_x, x̂ + 2 E_x]``, which holds the
  exact x and every other faithful x̂, plus the activation's own rounding (``ulps`` and ``argument_ulps`` in
  `activations.Activation`). The derivative of relu and of the hard sigmoids jumps: where the interval contains a
  kink either slope is right, and the bound says so.
- *Underflow*. Each operation may lose one smallest normal number, as hardware that flushes to zero does.
- *Overflow*. Where a sum's terms may add up to more than the largest number, nothing can be said of it.

No term of second order is left out: the bound holds for large ``E`` too, up to infinity where nothing can be said.

*What it does not cover*: a formula that equals ours in exact arithmetic but loses accuracy of its own, such as
``(1 + tanh(x/2)) / 2`` for the sigmoid, which is absolutely but not relatively accurate where the sigmoid is small,
or a product grouped so that an intermediate underflows where ours does not. An implementation that computes so is
off by more than rounding must cost, and is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .activations import Activation, Array
from .errors import InvalidArgument
from .parameters import Gates, State
from .running import AnyRun, checked_cotangents, checked_run, unroll, unroll_adjoint
from .sequence import Gradients

_ULPS_OF_THE_ANALYSIS = 1e-6  # the bound is itself computed in float64: round it up by this much


@dataclass(frozen=True)
class Precision:
    """A working precision: the bits of its significand, and the exponents of its smallest and largest normal numbers.

    ===========  ====  =====  =====  ==================
    name         bits  least  most   defined by
    ===========  ====  =====  =====  ==================
    float64      53    -1022  1023   IEEE 754, binary64
    float32      24    -126   127    IEEE 754, binary32
    float16      11    -14    15     IEEE 754, binary16
    bfloat16     8     -126   127    float32, cut short
    ===========  ====  =====  =====  ==================

    ``absolute`` is what every smooth activation may be off beside its own ulps, where an implementation's are accurate
    to so much of 1 and not of themselves: "float32, absolute" allows ``12 u`` and so on, and "float16, absolute in
    float32" ``12 · 2⁻²⁴``. (Measured in ONNX Runtime 1.31, whose float16 layers compute in float32: at most 10.1, by
    its GRU's tanh.)
    """

    name: str
    bits: int
    least: int
    most: int
    absolute: float = 0.0

    @staticmethod
    def of(dtype: Any) -> Precision:
        """The precision of that name or NumPy dtype; `InvalidArgument` for another."""
        try:
            name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        except TypeError:
            name = repr(dtype)
        if name not in _PRECISIONS:
            raise InvalidArgument("dtype", expected=" or ".join(n for n in _PRECISIONS if "," not in n), got=name)
        return _PRECISIONS[name]

    @property
    def unit_roundoff(self) -> float:
        """``u``, half the distance from 1 to the next number."""
        return 2.0**-self.bits

    @property
    def smallest_normal(self) -> float:
        return 2.0**self.least

    @property
    def largest(self) -> float:
        return (2.0 - 2.0 ** (1 - self.bits)) * 2.0**self.most

    def gamma(self, n: int) -> float:
        """``γ_n = n u / (1 - n u)``; infinite where ``n u`` reaches 1."""
        nu = n * self.unit_roundoff
        return nu / (1 - nu) if nu < 1 else np.inf

    def stored(self, value: Array) -> Array:
        """The float64 ``value`` rounded to the nearest number of this precision, as float64."""
        if self.name == "float64":
            return value
        _, exponent = np.frexp(value)
        quantum = np.ldexp(1.0, np.maximum(exponent, self.least + 1) - self.bits)
        nearest = np.rint(value / quantum) * quantum
        return np.where(np.abs(nearest) > self.largest, np.copysign(np.inf, value), nearest)


_PRECISIONS = {
    each.name: each
    for each in (
        Precision("float64", 53, -1022, 1023),
        Precision("float32", 24, -126, 127),
        Precision("float16", 11, -14, 15),
        Precision("bfloat16", 8, -126, 127),
        Precision("float64, absolute", 53, -1022, 1023, absolute=12 * 2.0**-53),
        Precision("float32, absolute", 24, -126, 127, absolute=12 * 2.0**-24),
        Precision("float16, absolute", 11, -14, 15, absolute=12 * 2.0**-11),
        Precision("bfloat16, absolute", 8, -126, 127, absolute=12 * 2.0**-8),
        Precision("float32, absolute in float32", 24, -126, 127, absolute=12 * 2.0**-24),
        Precision("float16, absolute in float32", 11, -14, 15, absolute=12 * 2.0**-24),
    )
}


class Rounded:
    """An array of sums whose last rounding is still to come.

    value       the values, float64
    error       the bound on the error that came in with the terms
    magnitude   the sum of the terms' absolute values
    terms       how many terms each sum has
    rounded     how often each term has been rounded before the summation
    """

    __array_ufunc__ = None  # an ndarray on the left hands the operation over to us

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
    ) -> None:
        self.precision = precision
        self.value = value
        self.error = error
        self.magnitude = magnitude
        self.terms = terms
        self.rounded = rounded

    @staticmethod
    def given(precision: Precision, value: Any) -> Rounded:
        """An array that is given: its only error is that of being stored in the working precision."""
        value = np.asarray(value, np.float64)
        stored = precision.stored(value)
        return Rounded(precision, value, np.abs(stored - value), np.abs(value))

    @property
    def bound(self) -> Array:
        """The bound on the error, all roundings done; infinite where an intermediate may overflow."""
        precision = self.precision
        roundings = self.terms - 1 + self.rounded if self.terms else 0  # a sum of nothing is exactly 0
        error = self.error
        if roundings:
            error = error + precision.gamma(roundings) * self.magnitude
            error = error + roundings * precision.smallest_normal
        in_range = self.magnitude + error <= precision.largest
        return np.where(in_range, error, np.inf)  # NaN, from 0 · ∞, is not in range either

    def _settled(self) -> tuple[Array, Array]:
        return self.value, self.bound

    def _like(self, value: Array, error: Array) -> Rounded:
        """A value that has been rounded: one term, nothing pending."""
        return Rounded(self.precision, value, error, np.abs(value) + 2 * error)

    def _lift(self, other: Any) -> Rounded:
        return other if isinstance(other, Rounded) else Rounded.given(self.precision, other)

    # --- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Rounded:
        least = self.least + other if isinstance(other, float) else -np.inf
        other = self._lift(other)
        found = Rounded(
            self.precision,
            self.value + other.value,
            self.error + other.error,
            self.magnitude + other.magnitude,
            self.terms + other.terms,
            max(self.rounded, other.rounded),
        )
        found.least = least
        return found

    def __neg__(self) -> Rounded:
        return Rounded(self.precision, -self.value, self.error, self.magnitude, self.terms, self.rounded)

    def __sub__(self, other: Any) -> Rounded:
        return self + -self._lift(other)

    def __rsub__(self, other: Any) -> Rounded:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Rounded:
        return self._product(other, np.multiply, terms=1)

    def __matmul__(self, other: Any) -> Rounded:
        return self._product(other, np.matmul, terms=self.shape[-1])

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
        """A given number, to reckon with among arrays of this kind."""
        return self._lift(np.asarray(value, np.float64))

    __radd__, __rmul__ = __add__, __mul__

    def _product(self, other: Any, times: Callable[..., Array], terms: int) -> Rounded:
        (a, e_a), (b, e_b) = self._settled(), self._lift(other)._settled()
        abs_a, abs_b = np.abs(a), np.abs(b)
        error = times(abs_a + 2 * e_a, e_b) + times(e_a, abs_b + e_b)
        return Rounded(self.precision, times(a, b), error, times(abs_a, abs_b) + 2 * error, terms, 1)

    # --- what activations ask for ----------------------------------------------------------------

    def activated(self, activation: Activation) -> Rounded:
        """``activation(self)``, with its own rounding."""
        u, (x, e) = self.precision.unit_roundoff, self._settled()
        e = e + activation.argument_ulps * u * (np.abs(x) + 1)
        y = activation.function(x)
        own = activation.rounding(x, y, self.precision)
        if activation.ulps:
            own = own + self.precision.absolute
        return self._like(y, activation.spread(x, e) + own)

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

    # --- shape ------------------------------------------------------------------------------------

    def _each(self, change: Callable[[Array], Array]) -> Rounded:
        return Rounded(
            self.precision,
            change(self.value),
            change(self.error),
            change(self.magnitude),
            self.terms,
            self.rounded,
        )

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
    def T(self) -> Rounded:
        return self._each(np.transpose)

    def __getitem__(self, index: Any) -> Rounded:
        return self._each(lambda a: a[index])

    def swapaxes(self, one: int, other: int) -> Rounded:
        return self._each(lambda a: a.swapaxes(one, other))

    def reshape(self, *shape: int) -> Rounded:
        return self._each(lambda a: a.reshape(*shape))

    def sum(self, axis: int) -> Rounded:
        summed = self._each(lambda a: a.sum(axis=axis))
        summed.terms = self.terms * self.shape[axis]
        return summed

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`numpy.stack`, `concatenate`, `where` and `zeros_like`, for arrays of which some are `Rounded`."""
        if function is np.where:
            condition, *parts = args
            return self._joined(parts, lambda arrays: np.where(condition, *arrays))
        if function is np.zeros_like:
            return np.zeros(args[0].shape)
        if function in (np.stack, np.concatenate):
            (parts,) = args
            return self._joined(parts, lambda arrays: function(arrays, **kwargs))
        return NotImplemented

    def _joined(self, parts: Sequence[Any], join: Callable[[list[Array]], Array]) -> Rounded:
        settled = [self._lift(part)._settled() for part in parts]
        return self._like(join([v for v, _ in settled]), join([e for _, e in settled]))


@dataclass(frozen=True)
class RunBound:
    """Bounds on a run, in the shapes of `sequence.Run`: outputs, state, gates."""

    outputs: Array
    state: tuple[Array, ...]
    gates: Gates


def bound(run: AnyRun, dtype: Any, state_bound: Sequence[Array | None] | None = None) -> RunBound:
    """Elementwise bounds on what any faithful implementation may deviate from the exact result.

    run           what `forward` returned, in float64 or float32
    dtype         the implementation's working precision: a name in `Precision` or its NumPy dtype
    state_bound   bounds on the error of the initial state, one array or None a state, where an earlier run made it

    The inputs are exact where ``dtype`` can represent them, else off by what storing them in it loses.
    Raises `InvalidArgument` for another dtype.
    """
    with np.errstate(all="ignore"):
        return _of_run(_rerun(checked_run(run), Precision.of(dtype), state_bound))


def gradient_bound(run: AnyRun, dtype: Any, d_outputs: Any = None, d_state: Sequence[Any] | None = None) -> Gradients:
    """`bound` for what ``backward(run, d_outputs, d_state)`` returns, in the shapes of `Gradients`."""
    return bounds(run, dtype, d_outputs, d_state)[1]


def bounds(
    run: AnyRun,
    dtype: Any,
    d_outputs: Any = None,
    d_state: Sequence[Any] | None = None,
    state_bound: Sequence[Array | None] | None = None,
) -> tuple[RunBound, Gradients]:
    """`bound` and `gradient_bound` at once, for little more than the price of one."""
    precision = Precision.of(dtype)
    outputs, state = checked_cotangents(run, d_outputs, d_state, dtype=None, check_finite=False)
    with np.errstate(all="ignore"):
        again = _rerun(run, precision, state_bound)
        cotangents = Rounded.given(precision, outputs), tuple(Rounded.given(precision, d) for d in state)
        pulled = unroll_adjoint(again, *cotangents)
        return _of_run(again), Gradients(
            {name: _final(d) for name, d in pulled.params.items()},
            _final(pulled.x),
            tuple(_final(d) for d in pulled.initial_state),
        )


def _of_run(rounded: AnyRun) -> RunBound:
    return RunBound(
        _final(rounded.outputs),
        tuple(_final(part) for part in rounded.state),
        Gates({name: _final(gate) for name, gate in rounded.gates.items()}),
    )


def _rerun(run: AnyRun, precision: Precision, state_bound: Sequence[Array | None] | None = None) -> AnyRun:
    """The same run, on arrays that carry their error bounds."""
    initial = [Rounded.given(precision, part) for part in run.initial_state]
    for part, error in zip(initial, _checked_state_bound(run, state_bound), strict=True):
        part.error = part.error + error
        part.magnitude = part.magnitude + 2 * error
    return unroll(
        run.cell,
        {name: Rounded.given(precision, value) for name, value in run.params.items()},
        Rounded.given(precision, run.x),
        tuple(initial),
        run.traversal,
        {
            name: factors and tuple(Rounded.given(precision, factor) for factor in factors)
            for name, factors in run.dropout.items()
        },
    )


def _checked_state_bound(run: AnyRun, state_bound: Sequence[Array | None] | None) -> State:
    """Zeros for None; `InvalidArgument` for what does not fit the run, and for bounds below zero and NaN."""
    batch, dtype = run.x.shape[0], np.dtype(np.float64)
    found = checks.state("state_bound", state_bound, run.cell, batch, dtype=dtype, check_finite=False)
    for k, part in enumerate(found):
        if not (part >= 0).all():
            raise InvalidArgument(f"state_bound[{k}]", expected="bounds from 0 to infinity", got=f"{part.min()}")
    return found


def _final(rounded: Rounded | Array) -> Array:
    """The bound, rounded up for the rounding of the analysis; infinite where it says nothing."""
    if not isinstance(rounded, Rounded):  # no step was made, so there is nothing to bound
        return np.zeros(rounded.shape)
    return np.nan_to_num(rounded.bound * (1 + _ULPS_OF_THE_ANALYSIS), nan=np.inf, posinf=np.inf)
