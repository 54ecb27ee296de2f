"""In random cases, outputs, final state, every exposed gate and every gradient agree with the oracle."""

from __future__ import annotations

import pytest

from conformance.cases.strategies import LONG_SEQUENCES, cases_of_space
from conformance.contract import Case
from conformance.suite.plan import CELL_VARIANTS, DTYPES, random_cases_of_each_pair, why_not_tried
from conformance.suite.session import Session
from conformance.suite.trying import FEWEST_DRAWN, check_drawn_cases, seeded_cases


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", CELL_VARIANTS)
def test_values_and_gradients_agree_with_the_oracle(session: Session, kind: str, dtype: str) -> None:
    why = why_not_tried(session, kind, dtype)
    if why:
        session.record_not_run(f"{kind} {dtype}", why)
        pytest.skip(why)

    def agrees(case: Case) -> None:
        session.check(f"agreement {kind} {dtype}", case)

    count, wanted = random_cases_of_each_pair(session), CELL_VARIANTS[kind] | {"dtype": dtype}
    if count < FEWEST_DRAWN:
        combinations = session.space.with_options(**wanted)
        for case in seeded_cases(session, f"{kind} {dtype}", combinations, LONG_SEQUENCES, count):
            agrees(case)
    else:
        check_drawn_cases(count, cases_of_space(session.space, **wanted), agrees)
