"""The hand-sized cases of the corpus come out exactly: integers leave nothing to round."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases.strategies import declares_cell
from conformance.common.printable import bounded
from conformance.contract import Case
from conformance.judging.divergences import Disagreement
from conformance.judging.expected import Expected
from conformance.judging.verdict import judge
from conformance.suite.relations import as_declared, observed
from conformance.suite.session import Session
from conformance.truth import corpus

_EXACT_IN = ("float64", "float32")  # half precision rounds integers from 2049 or 257 on
HAND_SIZED = [fixture for fixture in corpus.read("hand_sized") if fixture.exact]


def _as_implemented(session: Session, case: Case) -> Case | None:
    """The case with call options of the implementation; None where it has no such cell, or is known to diverge."""
    found = as_declared(session, case)
    if found is not None:
        return found
    declared = declares_cell(session.implementation.cells, case.cell)
    return case if declared and not session.space.refuses(case.options) and not session.diverges(case) else None


@pytest.mark.parametrize("fixture", HAND_SIZED, ids=lambda fixture: fixture.id)
def test_the_hand_sized_case_is_exact(session: Session, fixture: corpus.Fixture) -> None:
    exact = [fixture.case.in_dtype(dtype) for dtype in _EXACT_IN if dtype in session.implementation.dtypes]
    cases = [case for case in (_as_implemented(session, one) for one in exact) if case is not None]
    if not cases:
        why = f"{session.implementation.name} has no such cell, or only with a known divergence or in half precision"
        session.record_not_run(f"hand-sized {fixture.id}", why)
        pytest.skip(why)
    zero_bounds = {name: np.zeros(value.shape) for name, value in fixture.expected.items()}
    for case in cases:
        verdict = judge(Expected(fixture.expected, zero_bounds, case.dtype), observed(session, case))
        session.check_comparisons(f"hand-sized {fixture.id}", "hand-sized", verdict.comparisons, case)
        if not verdict.comparisons:
            raise Disagreement(f"{case!r}\nnothing was compared: {bounded(dict(verdict.missing))}")
