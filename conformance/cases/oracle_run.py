"""A case put to the oracle: its run, and the quantities of a run by their names."""

from __future__ import annotations

import refimpl as ri
from refimpl.sampling import named

from ..contract import Array, Case


def run_oracle(case: Case) -> ri.AnyRun:
    """The oracle's forward run of a case, in the case's own dtype."""
    return ri.forward(
        case.cell,
        case.params,
        case.x,
        case.initial_state,
        case.mask,
        case.lengths,
        case.reverse,
        masked_output=case.masked_output,
        output_order=case.output_order,
        return_sequences=case.return_sequences,
        dropout=case.dropout,
    )


def quantities(
    run: ri.AnyRun | ri.rounding.RunBound, gradients: ri.Gradients | None, state_names: tuple[str, ...]
) -> dict[str, Array]:
    """A run and its gradients, or the bounds on them, by quantity name."""
    return named(run, gradients, state_names)
