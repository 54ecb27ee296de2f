"""The hand-sized cases of the corpus come out exactly: integers leave nothing to round."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases.strategies import accepts
from conformance.contract import Case, observe
from conformance.judging.divergences import Disagreement
from conformance.judging.truth import Expected
from conformance.judging.verdict import judge
from conformance.suite.relations import allowed
from conformance.suite.session import Session
from conformance.truth import corpus

_EXACT_IN = ("float64", "float32")  # half precision rounds integers from 2049 or 257 on
HAND_SIZED = [fixture for fixture in corpus.read("hand_sized") if fixture.exact]


def _ready(session: Session, case: Case) -> Case | None:
    """The case as the implementation has it; None where it has no such cell, refuses it, or is known to diverge."""
    found = allowed(session, case)
    if found is not None:
        return found
    has = accepts(session.implementation.cells, case.cell)
    return case if has and not session.space.refuses(case.options) and not session.diverges(case) else None


@pytest.mark.parametrize("fixture", HAND_SIZED, ids=lambda fixture: fixture.id)
def test_the_hand_sized_case_is_exact(session: Session, fixture: corpus.Fixture) -> None:
    exact = [fixture.case.in_dtype(dtype) for dtype in _EXACT_IN if dtype in session.implementation.dtypes]
    cases = [case for case in (_ready(session, one) for one in exact) if case is not None]
    if not cases:
        why = f"{session.implementation.name} has no such cell, or only with a known divergence or in half precision"
        session.not_run(f"hand-sized {fixture.id}", why)
        pytest.skip(why)
    exactly = {name: np.zeros(value.shape) for name, value in fixture.expected.items()}
    for case in cases:
        observed = observe(session.implementation, case)
        verdict = judge(Expected(fixture.expected, exactly, case.dtype), observed)
        session.compared(f"hand-sized {fixture.id}", "hand-sized", verdict.comparisons, case)
        if not verdict.comparisons:
            raise Disagreement(f"{case!r}\nnothing was compared: {dict(verdict.missing)}")
