"""What is expected of a case: the oracle's values, and how far a faithful implementation may be off."""

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
    """What is expected of a case.

    values   quantity to the oracle's values, in float64
    bounds   quantity to the bound on the error of each of its numbers, in an arithmetic
    dtype    the dtype that the implementation must return; None: any floating-point dtype
    """

    values: Quantities
    bounds: Quantities
    dtype: np.dtype[Any] | None = None


class OracleAnswer:
    """The oracle's answer to a case, in float64: computed once, however many arithmetics ask for their bounds."""

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
        """The values, and the bounds for an implementation in an arithmetic that `refimpl.rounding` knows.

        The default arithmetic is that of the case's dtype. The bounds include the oracle's own rounding.
        """
        precision = Precision.of(arithmetic or self.case.dtype_name)
        implementation_bounds = self._bounds(precision)
        if precision.bits == FLOAT64.bits:  # every model of float64 allows more than NumPy's functions need
            bounds = {name: 2 * bound for name, bound in implementation_bounds.items()}
        elif ri.rounding.is_smooth(self.case.cell, self.case.wants_gradients):
            factor = 1 + 2 * FLOAT64.unit_roundoff / precision.unit_roundoff
            bounds = {name: factor * bound for name, bound in implementation_bounds.items()}
        else:
            oracle_bounds = self._bounds(FLOAT64)
            bounds = {name: implementation_bounds[name] + oracle_bounds[name] for name in implementation_bounds}
        return Expected(self.values, bounds, self.case.dtype)

    def _bounds(self, arithmetic: Precision) -> Quantities:
        if arithmetic not in self._bounds_by_arithmetic:
            rounding, names = ri.rounding, self.case.state_names
            if self.case.wants_gradients:
                found = quantities(*rounding.bounds(self.run, arithmetic, *self._cotangents), names)
            else:
                found = quantities(rounding.bound(self.run, arithmetic), None, names)
            self._bounds_by_arithmetic[arithmetic] = found
        return self._bounds_by_arithmetic[arithmetic]


def expect(case: Case, arithmetic: Any = None) -> Expected:
    """`OracleAnswer.expected` of a case that needs the bounds of one arithmetic only."""
    return OracleAnswer(case).expected(arithmetic)
