"""What an activation is: the function, its derivative, its rounding; and the tools that all of them are built with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Array

if TYPE_CHECKING:
    from ..precision import Precision

INFINITY = float("inf")


@dataclass(frozen=True)
class Activation:
    """An elementwise function ``f`` and what the oracle must know about it.

    function        ``f(x)``
    derivative      ``f'(x)``, from ``y = f(x)`` and x
    steepest        the supremum of ``|f'|`` on the interval ``[low, high]``, from ``(low, high)``; a `Slope` also knows
                    how much ``f'`` varies there
    ulps            an evaluation in unit roundoff u may be off by ``ulps * u * |y|``
    argument_ulps   and act as if x were off by ``argument_ulps * u * (|x| + 1)``, where f begins with a sum
    needs_argument  whether `derivative` must be given x, which else may be None
    terms           and be off by ``u * terms(x)``, where f is *defined* as a sum that cancels
    jump            how far f jumps within ``[low, high]``, from ``(low, high)``, where it does
    is_product      whether f is x times what may underflow: so the loss, at most a smallest normal number, is scaled
    power           the power of x that some formula for f or f' goes through: where it may overflow, there is no bound

    A `derivative` uses only arithmetic and other activations, so that it can be evaluated, and bounded, on every kind
    of array. `function` sees only arrays of floats or objects.
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array | None], Array]
    steepest: Callable[[Array, Array], Array]
    ulps: float
    argument_ulps: float = 0.0
    needs_argument: bool = False
    terms: Callable[[Array], Array] | None = None
    jump: Callable[[Array, Array], Array] | None = None
    is_product: bool = False
    power: int = 1

    def __call__(self, x: Array) -> Array:
        """``f(x)``; arrays that carry their own arithmetic evaluate it themselves."""
        return x.activated(self) if hasattr(x, "activated") else self.function(x)

    def rounding(self, x: Array, y: Array, precision: Precision) -> Array:
        """How far off an evaluation of ``y = f(x)`` may be, but for what moves x: floats."""
        cancelled = 0.0 if self.terms is None else self.terms(x)
        lost = np.maximum(np.abs(x), 1.0) if self.is_product else 1.0
        found = precision.unit_roundoff * (precision.ulps_of(self.name, self.ulps) * np.abs(y) + cancelled)
        if not self.ulps:
            return found
        found = found + precision.smallest_normal * lost
        return np.where(np.abs(x) > (precision.largest / 8) ** (1 / self.power), np.inf, found)

    def spread(self, x: Array, error: Array) -> Array:
        """The bound on ``|f(x̂) - f(x)|`` for two numbers within ``error`` of each other, one of them known: floats."""
        low, high = x - 2 * error, x + 2 * error  # x is itself off by the error, and so may another be
        slope = self.steepest(low, high)
        flat = (slope == 0) & np.isfinite(
            x
        )  # 0 · ∞ = 0: a flat function forgets any error, but not an x that overflowed
        found = np.where(flat, 0.0, slope * error)
        return found if self.jump is None else found + np.where(error > 0, self.jump(low, high), 0.0)

    def bend(self, x: Array, error: Array) -> Array | None:
        """The bound on ``|f'(ξ) - f'(x)|`` for ξ as far from x as in `spread`; None where nothing is known of it."""
        if self.jump is not None or not isinstance(self.steepest, Slope):
            return None
        return self.steepest.bend(x - 2 * error, x + 2 * error)


def clip(limit: float) -> Activation:
    """``min(max(x, -limit), limit)``, as ONNX clips the arguments of activations; its slope is 0 at the limits."""
    return Activation(
        f"clip({limit!r})",
        lambda x: clipped_to(x, -limit, limit),
        lambda y, x: strictly_between(y, -limit, limit),
        steepest_pieces((-limit, limit, 1.0)),
        ulps=0,
    )


def clipped(f: Activation, limit: float) -> Activation:
    """``f(min(max(x, -limit), limit))``."""
    inner = clip(limit)

    def within(found: Callable[[Array, Array], Array] | None) -> Callable[[Array, Array], Array] | None:
        if found is None:
            return None
        return lambda low, high: found(inner.function(low), inner.function(high))

    steepest, terms = f.steepest, f.terms

    def of_the_limit(x: Array) -> Array:
        """The limit may have been rounded, and f's own sum rounds: both move f by its slope there, at its steepest."""
        at = inner.function(x)
        nearby = np.sort([at * (1 - 2.0**-8), at * (1 + 2.0**-8)], axis=0)
        moved = np.abs(at) + f.argument_ulps * (np.abs(at) + 1)
        return moved * steepest(*nearby) + (0.0 if terms is None else terms(at))

    return replace(
        f,
        name=f"{f.name} of {inner.name}",
        function=lambda x: f.function(inner.function(x)),
        derivative=lambda y, x: f.derivative(y, inner(x)) * inner.derivative(x, x),
        steepest=lambda low, high: np.where(
            inner.steepest(low, high) > 0, steepest(inner.function(low), inner.function(high)), 0.0
        ),
        argument_ulps=0.0,
        needs_argument=True,
        terms=of_the_limit,
        jump=within(f.jump),
    )


# --- arrays of every kind -----------------------------------------------------------------------------------------


def own(constant: float, x: Array) -> Array:
    """A constant for x. Among objects it must be of their kind: Python's numbers would round in what follows."""
    return constant + 0 * x if x.dtype == object else constant


def clipped_to(x: Array, low: float, high: float) -> Array:
    """``min(max(x, low), high)``."""
    return np.minimum(np.maximum(x, own(low, x)), own(high, x))


def tamed(x: Array, limit: float, power: int = 1) -> Array:
    """x, but no float beyond ±limit, where f has long been flat and its formula would overflow, as others' may.

    Objects do not overflow, and are flat nowhere.
    """
    if x.dtype == object or limit == INFINITY:
        return x
    return replace(clip(limit), ulps=power - 1, power=power)(x)


def allowance(ulps: float = 0.0, terms: float = 0.0) -> Activation:
    """x itself; to the analysis, what other formulas than ours round in addition: ``ulps`` of x, ``terms`` of 1."""
    return Activation(
        f"within {ulps!r} ulps and {terms!r} of 1",
        lambda x: x,
        constant(1.0),
        steepest_pieces((-INFINITY, INFINITY, 1.0)),
        ulps,
        terms=lambda x: np.full_like(x, terms),
    )


def reaches(x: Array, begin: float) -> Array:
    """Where ``x >= begin``, to choose between two formulas that agree at ``begin`` in value and slope.

    So a power series that begins there may take either, which a comparison would refuse to decide for a kink.
    """
    if x.dtype != object:
        return x >= begin
    decide = np.frompyfunc(lambda e: e.reaches(begin) if hasattr(e, "reaches") else e >= begin, 1, 1)
    return np.asarray(decide(x), bool)


def strictly_between(y: Array, low: float, high: float) -> Array:
    """1 where ``low < y < high``, else 0."""
    if hasattr(y, "strictly_between"):
        return y.strictly_between(low, high)
    inside = (y > low) & (y < high)
    if y.dtype == object:
        return inside * own(1, y)
    return inside.astype(y.dtype)


def chosen(condition: Array, yes: Array, no: Array, like: Array) -> Array:
    """``np.where`` in the dtype of ``like``, whatever Python's numbers among the rest."""
    found: Array = np.where(condition, yes, no)
    return found.astype(like.dtype)


def constant(value: float) -> Callable[[Array, Array | None], Array]:
    """The derivative of what is straight everywhere."""

    def derivative(y: Array, x: Array | None) -> Array:
        if hasattr(y, "constant"):
            return y.constant(value)
        return np.full_like(y, value) if isinstance(y, np.ndarray) and y.dtype != object else value + 0 * y

    return derivative


def step(at: float, below: float, above: float) -> Activation:
    """``below`` up to and including ``at``, then ``above``: the slope of a function with a kink."""
    return Activation(
        f"step from {below!r} to {above!r} at {at!r}",
        lambda x: np.where(x > at, _constants(above, x), _constants(below, x)),
        constant(0.0),
        lambda low, high: np.zeros_like(high),
        ulps=1,
        argument_ulps=max(1.0, abs(at)) if at else 0.0,
        jump=jumps((at, max(abs(above - below), abs(above), abs(below)))),  # some say 0 at the kink
    )


def _constants(value: float, x: Array) -> Array:
    return value + 0 * x if x.dtype == object else np.full_like(x, value)


# --- the greatest slope on an interval ----------------------------------------------------------------------------


def jumps(*places: tuple[float, float]) -> Callable[[Array, Array], Array]:
    """The sum of the jumps within an interval, from pairs of place and height."""
    return lambda low, high: sum(np.where((low <= at) & (high >= at), height, 0.0) for at, height in places)


@dataclass(frozen=True)
class Slope:
    """What is known of ``f'`` on an interval, from ``(low, high)``.

    steepest   the supremum of ``|f'|``
    bend       the supremum of ``|f'(ξ) - f'(η)|`` for ξ and η in it
    """

    steepest: Callable[[Array, Array], Array]
    bend: Callable[[Array, Array], Array]

    def __call__(self, low: Array, high: Array) -> Array:
        """The supremum of ``|f'|``."""
        return self.steepest(low, high)


def steepest_pieces(*pieces: tuple[float, float, float]) -> Slope:
    """For a function of straight pieces, from ``(begin, end, slope)``; flat where there is none."""

    def steepest(low: Array, high: Array) -> Array:
        found = np.zeros(np.broadcast(low, high).shape)
        for begin, end, slope in pieces:
            found = np.maximum(found, np.where((high > begin) & (low < end), abs(slope), 0.0))
        return found

    kinks = sorted({at for begin, end, _ in pieces for at in (begin, end) if abs(at) < INFINITY})
    before = {at: sum(slope for begin, end, slope in pieces if begin < at <= end) for at in kinks}
    after = {at: sum(slope for begin, end, slope in pieces if begin <= at < end) for at in kinks}
    turns = jumps(*((at, abs(after[at] - before[at])) for at in kinks))
    return Slope(steepest, lambda low, high: turns(low, high) + 0 * low)


def steepest_of(slope: Callable[[Array], Array], *extremes: float) -> Slope:
    """For a smooth function of that slope, which rises or falls between its ``extremes`` and has limits beyond them."""
    at_extremes = [(at, slope(np.array([at]))[0]) for at in extremes]

    def ends(low: Array, high: Array) -> list[Array]:
        return [slope(np.clip(end, -1e300, 1e300)) for end in (low, high)]  # the slope's formula may not know ∞

    def steepest(low: Array, high: Array) -> Array:
        found = np.maximum(*(np.abs(end) for end in ends(low, high)))
        for at, there in at_extremes:
            found = np.where((low < at) & (at < high), np.maximum(found, abs(there)), found)
        return found

    def bend(low: Array, high: Array) -> Array:
        one, other = ends(low, high)
        least, greatest = np.minimum(one, other), np.maximum(one, other)
        for at, there in at_extremes:
            inside = (low < at) & (at < high)
            least, greatest = (
                np.where(inside, f(found, there), found) for f, found in ((np.minimum, least), (np.maximum, greatest))
            )
        return greatest - least

    return Slope(steepest, bend)


def curved(steepest: Callable[[Array, Array], Array], curvature: float) -> Slope:
    """For a smooth function whose second derivative is nowhere greater than the ``curvature``."""
    return Slope(steepest, lambda low, high: curvature * (high - low))
