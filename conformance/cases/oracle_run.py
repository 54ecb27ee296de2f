"""A case put to the oracle: its run, and the quantities of a run by their names."""

from __future__ import annotations

import refimpl as ri

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
    named = {"outputs": run.outputs}
    named |= {f"state.{n}": part for n, part in zip(state_names, run.state, strict=True)}
    named |= {f"gates.{name}": gate for name, gate in run.gates.items()}
    if gradients is not None:
        named |= {f"d_params.{name}": d for name, d in gradients.params.items()}
        named["d_x"] = gradients.x
        named |= {f"d_initial_state.{n}": d for n, d in zip(state_names, gradients.initial_state, strict=True)}
    return named
