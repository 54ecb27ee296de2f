"""What is expected of a case: the oracle's values, and how far a faithful implementation may be off.

Two tolerances follow from the case and an arithmetic, and none is tuned. The *proven bound* holds for every faithful
implementation; it costs many runs of the oracle, and soon is infinite. The *sampled deviation* says how far faithful
implementations do lie from the exact result (`refimpl.sampling`); it is there for real sizes too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.looks import CLOSEST, CLOSEST_LOOK, SUSPECTED, Looks, bound_asked_from
from refimpl.precision import Precision
from refimpl.sampling import Moments
from refimpl.tails import deviations_at

from ..cases.oracle_run import quantities, run_oracle
from ..common.deferred import Chosen, Deferred
from ..contract import Array, Case, Quantities

FLOAT64 = Precision.of("float64")
FALSE_ALARMS = 1e-6
"""In how many runs of a faithful implementation one number may be called improbable, by the model."""
NUMBERS = 10**7
"""More than one run compares."""


@cache
def farthest() -> float:
    """How many deviations of the closest look a number may be off before it is improbable: 8.7 from 96 samples."""
    return deviations_at(FALSE_ALARMS / NUMBERS, CLOSEST)


@dataclass(frozen=True)
class Expected:
    """What is expected of a case; arrays by quantity, in the quantity's shape.

    values       the oracle's values, in float64
    bounds       how far each may be off: the proven bound, or `farthest` deviations where there is none
    dtype        the dtype that the implementation must return; None: any floating-point dtype
    deviations   the sampled deviations, from a dozen samples; infinite where the case is chaotic. Empty: not known
    refined      the same from the closest look (`refimpl.looks`)
    smooth       says whether no slope of the case may be either of two: no argument is near a kink or a jump
    many         ``(3, samples)``: what the many errors of each of the dozen samples have in common (`refimpl.leaning`)
    closer       as ``deviations``, from a look in between
    left_out     how many numbers of a quantity are not compared on purpose (`without`)
    lost         says whether the first look's deviations may be far too small (`Moments.lost`)
    bound_from   how many deviations off a number is asked for its bound (`looks.bound_asked_from`)
    """

    values: Quantities
    bounds: Quantities
    dtype: np.dtype[Any] | None = None
    deviations: Quantities = field(default_factory=dict)
    refined: Quantities = field(default_factory=dict)
    smooth: Callable[[], bool] = field(default=lambda: True, repr=False)
    many: Quantities = field(default_factory=dict)
    closer: Quantities = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    lost: Callable[[], bool] = field(default=lambda: False, repr=False)
    bound_from: float = SUSPECTED

    @cached_property
    def limits(self) -> Quantities:
        """How far each may be off: its bound, or `farthest` deviations where these are less and not 0.

        Beside a kink the bound alone decides: it knows every slope that is as good, and samples may miss one.
        """
        if not self.deviations or not self.smooth():
            return self.bounds
        found = {}
        for name, bound in self.bounds.items():
            most = farthest() * self.refined[name]
            found[name] = np.where(most > 0, np.fmin(bound, most), bound)
        return found

    def widened(self, other: Expected, applies: Callable[[str], bool], coarser: bool) -> Expected:
        """The same, with as much room as the other gives where that is more, for the quantities that it applies to.

        coarser   whether the other's arithmetic can do no better, so that its room alone is computed
        """

        def wider(one: Quantities, more: Quantities) -> Quantities:
            if coarser:
                return Chosen(one, more, applies)
            return Deferred(one, lambda: {n: np.maximum(one[n], more[n]) if applies(n) else one[n] for n in one})

        return replace(
            self,
            bounds=wider(self.bounds, other.bounds),
            deviations=wider(self.deviations, other.deviations),
            closer=wider(self.closer, other.closer),
            refined=wider(self.refined, other.refined),
            smooth=lambda: other.smooth() and (coarser or self.smooth()),
            lost=lambda: other.lost() or (not coarser and self.lost()),
            many=Deferred(self.many, lambda: {n: other.many[n] if applies(n) else self.many[n] for n in self.many}),
        )

    def without(self, ignored: Mapping[str, Array]) -> Expected:
        """The same, with the numbers that are True in these masks not compared."""

        def opened(one: Quantities) -> Quantities:
            return Deferred(one, lambda: {n: np.where(ignored.get(n, False), np.inf, one[n]) for n in one})

        return replace(
            self,
            bounds=opened(self.bounds),
            deviations=opened(self.deviations),
            closer=opened(self.closer),
            refined=opened(self.refined),
            many={name: self.many[name] for name in self.many if name not in ignored},
            left_out={n: int(np.broadcast_to(ignored[n], self.values[n].shape).sum()) for n in ignored},
        )


class OracleAnswer:
    """The oracle's answer to a case, in float64: computed once, however many arithmetics ask for their tolerances."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._in_float64 = case.in_dtype(np.float64)
        self._cotangents = self._in_float64.d_outputs, self._in_float64.d_state
        self._bounds_by_arithmetic: dict[Precision, Quantities] = {}

    @cached_property
    def run(self) -> ri.AnyRun:
        """The forward run."""
        return run_oracle(self._in_float64)

    @cached_property
    def values(self) -> Quantities:
        """Every quantity of the run, and its gradients where the case wants any."""
        gradients = ri.backward(self.run, *self._cotangents) if self.case.wants_gradients else None
        return quantities(self.run, gradients, self.case.state_names)

    def expected(self, arithmetic: Any = None) -> Expected:
        """The values, and the tolerances for an implementation in an arithmetic that `refimpl.rounding` knows.

        The default arithmetic is that of the case's dtype. Both tolerances include the oracle's own rounding.
        """
        precision = Precision.of(arithmetic or self.case.dtype_name)
        names = self.values
        looks = Looks(self.run, precision, self._cotangents, self.case.wants_gradients, many=True)
        deviations, closer, refined = (
            Deferred(names, partial(_deviations, looks, look)) for look in range(len(looks.counts))
        )
        in_common = Deferred(names, lambda: {name: _in_common(each) for name, each in looks.at(0).items()})

        def bounds() -> Quantities:
            proven = self.proven(precision)
            if all(np.isfinite(bound).all() for bound in proven.values()):
                return proven
            return {n: np.where(np.isfinite(b), b, farthest() * refined[n]) for n, b in proven.items()}

        return Expected(
            self.values,
            Deferred(names, bounds),
            self.case.dtype,
            deviations,
            refined,
            partial(_is_smooth, self.case, looks),
            in_common,
            closer,
            lost=partial(looks.lost, 0),
            bound_from=bound_asked_from(self.case.cell),
        )

    def proven(self, precision: Precision) -> Quantities:
        """The proven bounds."""
        implementation_bounds = self._bounds(precision)
        if precision.bits == FLOAT64.bits:  # every model of float64 allows more than NumPy's functions need
            return {name: 2 * bound for name, bound in implementation_bounds.items()}
        if ri.rounding.is_smooth(self.case.cell, self.case.wants_gradients):
            factor = 1 + 2 * FLOAT64.unit_roundoff / precision.unit_roundoff
            return {name: factor * bound for name, bound in implementation_bounds.items()}
        oracle_bounds = self._bounds(FLOAT64)
        return {name: implementation_bounds[name] + oracle_bounds[name] for name in implementation_bounds}

    def _bounds(self, arithmetic: Precision) -> Quantities:
        if arithmetic not in self._bounds_by_arithmetic:
            rounding, names = ri.rounding, self.case.state_names
            if self.case.wants_gradients:
                found = quantities(*rounding.bounds(self.run, arithmetic, *self._cotangents), names)
            else:
                found = quantities(rounding.bound(self.run, arithmetic), None, names)
            self._bounds_by_arithmetic[arithmetic] = found
        return self._bounds_by_arithmetic[arithmetic]


def _deviations(looks: Looks, look: int) -> Quantities:
    return {name: np.where(each.unknown, np.inf, looks.deviation(each)) for name, each in looks.at(look).items()}


def _is_smooth(case: Case, looks: Looks) -> bool:
    """By the first look too, as most kinks are near enough for it: then no closer one is taken."""
    if ri.rounding.is_smooth(case.cell, case.wants_gradients):
        return True
    return not (looks.either(0) or looks.either(CLOSEST_LOOK))


def _in_common(found: Moments) -> Array:
    """`Moments.many`; nothing where some number is chaotic, or all are out of reach."""
    known = found.in_reach and not found.chaotic.any()
    return found.many if known and found.many is not None else np.zeros((3, 1))


def expect(case: Case, arithmetic: Any = None) -> Expected:
    """`OracleAnswer.expected` of a case that needs the tolerances of one arithmetic only."""
    return OracleAnswer(case).expected(arithmetic)
