"""Outputs, final state, every gate that is exposed and every gradient agree with the oracle, in random cases."""

from __future__ import annotations

import pytest

from conformance.cases.strategies import LONG, cases, having
from conformance.contract import Case
from conformance.suite.plan import DTYPES, KINDS, examples, why_not
from conformance.suite.relations import FEW, some, tried
from conformance.suite.session import Session


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_agree_with_the_oracle(session: Session, kind: str, dtype: str) -> None:
    why = why_not(session, kind, dtype)
    if why:
        session.not_run(f"{kind} {dtype}", why)
        pytest.skip(why)

    def agrees(case: Case) -> None:
        session.check(f"agreement {kind} {dtype}", case)

    count, wanted = examples(session), KINDS[kind] | {"dtype": dtype}
    if count < FEW:
        for case in some(session, f"{kind} {dtype}", having(session.space, **wanted), LONG, count):
            agrees(case)
    else:
        tried(count, cases(session.space, **wanted), agrees)
