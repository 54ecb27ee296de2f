"""The hand-sized cases of the corpus come out exactly: integers leave nothing to round."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import corpus
from conformance.cases import Expected, judge
from conformance.divergences import Disagreement
from conformance.implementations import observe
from conformance.session import Session
from conformance.strategies import accepts

_EXACT_IN = ("float64", "float32")  # half precision rounds integers from 2049 or 257 on
HAND_SIZED = [fixture for fixture in corpus.read("hand_sized") if fixture.exact]


@pytest.mark.parametrize("fixture", HAND_SIZED, ids=lambda fixture: fixture.id)
def test_the_hand_sized_case_is_exact(session: Session, fixture: corpus.Fixture) -> None:
    if not accepts(session.implementation.cells, fixture.case.cell):
        why = f"{session.implementation.name} has no such cell"
        session.not_run(f"hand-sized {fixture.id}", why)
        pytest.skip(why)
    exactly = {name: np.zeros(value.shape) for name, value in fixture.expected.items()}
    for dtype in set(session.implementation.dtypes) & set(_EXACT_IN):
        case = fixture.case.in_dtype(dtype)
        observed = observe(session.implementation, case)
        verdict = judge(Expected(fixture.expected, exactly, case.dtype), observed)
        session.compared(f"hand-sized {fixture.id}", "hand-sized", verdict.comparisons, case)
        if not verdict.comparisons:
            raise Disagreement(f"{case!r}\nnothing was compared: {dict(verdict.missing)}")
