"""Outputs, final state, every gate that is exposed and every gradient agree with the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given

from conformance.cases import Case
from conformance.session import Session, drawing
from conformance.strategies import cases
from conformance.suite.plan import DTYPES, KINDS, entries, examples


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_agree_with_the_oracle(session: Session, kind: str, dtype: str) -> None:
    cells = entries(session, kind)
    why = f"{session.implementation.name} has no {kind}" if not cells else ""
    if dtype not in session.implementation.dtypes:
        why = f"{session.implementation.name} does not compute in {dtype}"
    if why:
        session.not_run(f"{kind} {dtype}", why)
        pytest.skip(why)

    @drawing(examples(session))
    @given(case=cases(cells, dtype))
    def agrees(case: Case) -> None:
        session.check(f"agreement {kind} {dtype}", case)

    agrees()
