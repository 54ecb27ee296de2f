"""What NaN or infinity in one step of one row may reach: that row, from that step on, and nothing else."""

from __future__ import annotations

import numpy as np

from conformance.cases.classes.sizes import is_usual
from conformance.cases.option_space import Combination, has_dropout
from conformance.contract import Array, Case, Quantities
from conformance.judging.divergences import Disagreement
from conformance.judging.verdict import Comparison
from conformance.suite.relations import answer, compare_within, doubled_bounds
from conformance.suite.session import Session


def not_finite(session: Session, case: Case) -> list[Comparison]:
    """NaN or infinity in one step of one row reaches no other row and no step before; NaN stays with its own row.

    What a known divergence says that NaN becomes is not asked for here: its minimal case shows it.
    """
    lost = any(
        entry.effect == "accepts" and entry.affects("nan") and entry.applies_to(case)
        for entry in session.known_divergences
    )
    row, step, _ = (length // 2 for length in case.x.shape)
    backward = case.options["direction"] == "backward" and case.output_order == "original"
    before, after = np.s_[step + 1 :] if backward else np.s_[:step], np.s_[: step + 1] if backward else np.s_[step:]
    whole = answer(session, case)
    bounds, found = doubled_bounds(session, case), list[Comparison]()
    for what in (np.nan, np.inf):
        x = case.x.copy()
        x[row, step, 0] = what
        try:
            spoiled = answer(session, case.replace(x=x))
        except Disagreement:
            continue  # what refuses such a number does not compute with it
        others = [_rows_but(values, row) for values in (whole, spoiled, bounds)]
        found += compare_within(f"{what} in row {row}, in other rows", *others)
        if (
            "outputs" not in whole
            or not case.return_sequences
            or case.options["direction"] == "both"
            or case.output_order == "processing"
        ):
            continue
        earlier = [{"outputs": values["outputs"][row, before]} for values in (whole, spoiled, bounds)]
        found += compare_within(f"{what} in row {row}, before step {step} is processed", *earlier)
        later = np.asarray(spoiled["outputs"][row, after], np.float64)
        if np.isnan(what) and not lost and np.isfinite(later).any():
            problem = f"{np.isfinite(later).sum()} of {later.size} numbers are finite, which follow from NaN"
            found.append(Comparison(f"NaN in row {row}, from step {step} on: outputs", 0, np.inf, problem=problem))
    return found


def _rows_but(values: Quantities, row: int) -> dict[str, Array]:
    """The quantities that have rows, without one of them."""
    return {name: np.delete(value, row, axis=0) for name, value in values.items() if not name.startswith("d_params")}


def can_be_spoiled(combination: Combination) -> bool:
    """Several rows, every step of which counts; activations of which NaN is NaN by all definitions."""
    every_step_counts = combination["mask"] == combination["lengths"] == "none" and not has_dropout(combination)
    return every_step_counts and is_usual(combination) and combination.get("layout") != "unbatched"


def has_rows_and_steps(case: Case) -> bool:
    """Whether there are others beside the one that is spoiled."""
    batch, time, _ = case.x.shape
    return bool(batch > 1 and time > 1)
