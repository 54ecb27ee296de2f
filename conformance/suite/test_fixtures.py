"""The hand-sized cases of the corpus come out exactly: integers leave nothing to round."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import corpus
from conformance.cases import Case, Expected, judge
from conformance.implementations import observe
from conformance.session import Session
from conformance.strategies import accepts

HAND_SIZED = [fixture for fixture in corpus.read("hand_sized") if fixture.exact]


@pytest.mark.parametrize("fixture", HAND_SIZED, ids=lambda fixture: fixture.id)
def test_the_hand_sized_case_is_exact(session: Session, fixture: corpus.Fixture) -> None:
    if not accepts(session.implementation.cells, fixture.case.cell):
        why = f"{session.implementation.name} has no such cell"
        session.not_run(f"hand-sized {fixture.id}", why)
        pytest.skip(why)
    for dtype in session.implementation.dtypes:
        case = in_dtype(fixture.case, dtype)
        expected = Expected(fixture.expected, {name: np.zeros(value.shape) for name, value in fixture.expected.items()})
        verdict = judge(expected, observe(session.implementation, case))
        session.compared(f"hand-sized {fixture.id}", "hand-sized", verdict.comparisons, case)


def in_dtype(case: Case, dtype: str) -> Case:
    """The case with every array in that dtype."""

    def each(arrays: tuple[np.ndarray | None, ...] | None) -> tuple[np.ndarray | None, ...] | None:
        return None if arrays is None else tuple(a if a is None else a.astype(dtype) for a in arrays)

    (d_outputs,) = each((case.d_outputs,)) or (None,)
    return case.replace(
        params={name: value.astype(dtype) for name, value in case.params.items()},
        x=case.x.astype(dtype),
        initial_state=each(case.initial_state),
        d_outputs=d_outputs,
        d_state=each(case.d_state),
    )
