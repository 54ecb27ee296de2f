"""The float64 nearest to each exact value of a case: outputs, states, gates and gradients.

The case goes through `refimpl` as object arrays of balls, forward and adjoint, with the precision doubled until every
ball is within the reach of one float64. A certificate lists what stays undecided at the highest precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import refimpl as ri

from ..cases.oracle_run import quantities, run_oracle
from ..contract import Array, Case, Quantities
from .balls import Ball, Undecided, balls, constant, nearest_float, precision

PRECISIONS = (192, 512, 1280, 2560, 5120, 10240, 20480)
"""Bits, tried in order. 1280 is past the 1074 bits below one at which the smallest float64 stands."""


@dataclass(frozen=True)
class Certificate:
    """What `certify` found.

    values      quantity name to the nearest float64s; NaN where undecided
    exact       whether every value *is* the exact one
    bits        the precision at which the last number was decided
    undecided   quantity name to the indices that could not be decided, and ``reason`` why
    """

    values: Quantities
    exact: bool
    bits: int
    undecided: Mapping[str, Sequence[tuple[int, ...]]]
    reason: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.undecided


def certify(case: Case, precisions: Sequence[int] = PRECISIONS) -> Certificate:
    """The nearest float64 to every quantity of the case, proven."""
    values: dict[str, Array] = {}
    exact: dict[str, Array] = {}
    reason = ""
    bits = 0
    for bits in precisions:
        with precision(bits):
            try:
                enclosures = enclosures_of(case)
            except Undecided as why:
                reason = str(why)
                continue
            for name, enclosure in enclosures.items():
                values.setdefault(name, np.full(enclosure.shape, np.nan))
                exact.setdefault(name, np.zeros(enclosure.shape, bool))
                _decide(enclosure, values[name], exact[name])
        reason = "still too wide for one float64, or at a tie that only the exact value could break"
        if not any(np.isnan(value).any() for value in values.values()):
            return Certificate(values, all(e.all() for e in exact.values()), bits, {})
    undecided = {
        name: [tuple(map(int, where)) for where in np.argwhere(np.isnan(value))]
        for name, value in values.items()
        if np.isnan(value).any()
    }
    return Certificate(values, False, bits, undecided or {"outputs": [()]}, f"{reason}; {bits} bits")


def enclosures_of(case: Case, lift: Callable[[Array], Array] = balls) -> dict[str, Array]:
    """All quantities of a case as object arrays of balls, through the oracle's own equations."""
    lifted = case_in_balls(case, lift)
    run = run_oracle(lifted)
    cotangents = lifted.d_outputs, lifted.d_state
    gradients = ri.backward(run, *cotangents) if case.wants_gradients else None
    named = quantities(run, gradients, case.state_names)
    for name, value in named.items():
        refuse_python_numbers(name, value)
    return named


def case_in_balls(case: Case, lift: Callable[[Array], Array] = balls) -> Case:
    """The case with every array of floats put through `lift`; what is None stays None."""
    return case.replace(initial_state=case.initial_state_or_zeros()).map_arrays(lift)


def refuse_python_numbers(name: str, enclosure: Array) -> None:
    """Every element must be a ball or 0, which masked steps output: any other number would have been rounded."""
    for element in enclosure.flat:
        if not isinstance(element, Ball) and not (type(element) in (int, float) and element == 0):
            raise TypeError(f"{name}: expected balls, got the {type(element).__name__} {element!r}")


def _decide(enclosure: Array, values: Array, exact: Array) -> None:
    """Fills in what the balls decide of what is still open."""
    for where in map(tuple, np.argwhere(np.isnan(values))):
        ball = constant(enclosure[where])
        found = nearest_float(ball)
        if found is not None:
            values[where] = found
            exact[where] = ball.is_exact() and np.isfinite(found) and bool(ball == found)
