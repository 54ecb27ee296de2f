"""How cases are tried: a failure is made small, and nothing is asked whose answer nobody reads."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.contract import Case
from conformance.judging.divergences import Disagreement
from conformance.suite.trying import check_drawn_cases

from ..support import example


def test_a_failure_is_made_small_in_few_calls() -> None:
    asked: list[Case] = []

    def fails(case: Case) -> None:
        asked.append(case)
        raise Disagreement(f"{case.size}")

    numbers = st.lists(st.integers(0, 9), min_size=30, max_size=60)
    with pytest.raises(Disagreement, match=f"^{example().size}"):
        check_drawn_cases(24, st.builds(lambda _: example(), numbers), fails)
    assert len(asked) < 30, len(asked)  # an explanation by Hypothesis, which nobody would see, asks a hundred
