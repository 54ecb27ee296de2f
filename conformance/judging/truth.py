"""What is Expected of a case: the oracle's values, and bounds on a faithful deviation from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.precision import Precision

from ..cases.oracle_run import quantities, run_oracle
from ..contract import Case, Quantities

FLOAT64 = Precision.of("float64")


@dataclass(frozen=True)
class Expected:
    """What the oracle says of a case: each quantity's values, the bounds on a faithful deviation, the dtype due.

    Without a dtype, any floating one will do.
    """

    values: Quantities
    bounds: Quantities
    dtype: np.dtype[Any] | None = None


class Truth:
    """What the oracle says of a case, in float64: asked once, for the bounds of as many arithmetics as are wanted."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._wide = case.in_dtype(np.float64)
        self._cotangents = self._wide.d_outputs, self._wide.d_state
        self._known: dict[Precision, Quantities] = {}

    @cached_property
    def run(self) -> ri.AnyRun:
        """The forward run."""
        return run_oracle(self._wide)

    @cached_property
    def values(self) -> Quantities:
        """Every quantity of the run, and of its gradients where the case wants any."""
        gradients = ri.backward(self.run, *self._cotangents) if self.case.wants_gradients else None
        return quantities(self.run, gradients, self.case.state_names)

    def expected(self, arithmetic: Any = None) -> Expected:
        """The values, and bounds for an implementation in an arithmetic that `refimpl.rounding` knows.

        By default it is that of the case's dtype. The bounds allow for the oracle's own rounding too.
        """
        precision = Precision.of(arithmetic or self.case.dtype_name)
        theirs = self._bounds(precision)
        if precision.bits == FLOAT64.bits:  # whose every model allows NumPy's functions more than they need
            bounds = {name: 2 * bound for name, bound in theirs.items()}
        elif ri.rounding.is_smooth(self.case.cell, self.case.wants_gradients):
            bounds = {name: (1 + 2 * FLOAT64.unit_roundoff / precision.unit_roundoff) * b for name, b in theirs.items()}
        else:
            ours = self._bounds(FLOAT64)
            bounds = {name: theirs[name] + ours[name] for name in theirs}
        return Expected(self.values, bounds, self.case.dtype)

    def _bounds(self, arithmetic: Precision) -> Quantities:
        if arithmetic not in self._known:
            rounding, names = ri.rounding, self.case.state_names
            if self.case.wants_gradients:
                found = quantities(*rounding.bounds(self.run, arithmetic, *self._cotangents), names)
            else:
                found = quantities(rounding.bound(self.run, arithmetic), None, names)
            self._known[arithmetic] = found
        return self._known[arithmetic]


def expect(case: Case, arithmetic: Any = None) -> Expected:
    """`Truth.expected` of a case of which no more is asked."""
    return Truth(case).expected(arithmetic)
