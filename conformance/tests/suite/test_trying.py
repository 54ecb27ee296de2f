"""How cases are tried: a failure is made small, and nothing is asked whose answer nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from conformance.cases.building import SizeLimits
from conformance.cases.strategies import LONG_SEQUENCES
from conformance.contract import Case
from conformance.judging.divergences import Disagreement
from conformance.suite.session import PROFILES, Session
from conformance.suite.trying import check_drawn_cases, seeded_cases, sizes_of_run

from ..support import example
from ..support.planted_failures import Small

RELATIONS = SizeLimits(time=9)


class Plain(Small):
    """It says that it has a dozen combinations, and is not asked."""

    cells: Sequence[Mapping[str, Any]] = ({"kind": "SimpleRNN", "activation": ("tanh", "relu", "linear")},)
    dtypes: Sequence[str] = ("float64", "float32")


class Compiled(Plain):
    """It compiles anew for each size, or so it says."""

    sizes: Mapping[str, int] = {"batch": 3, "time": 4, "input": 2, "hidden": 5}


def sizes_of(implementation: Small, limits: SizeLimits) -> set[tuple[int, ...]]:
    """Batch, steps, inputs and units of cases for several relations."""
    session = Session(implementation, PROFILES["quick"], seed=3)
    labels = ("law batch", "law time", "invariant padded")
    cases = [case for label in labels for case in seeded_cases(session, label, session.space.valid, limits, 4)]
    assert len(cases) == 12
    return {(*case.x.shape, case.cell.hidden_size) for case in cases}


def test_a_failure_is_made_small_in_few_calls() -> None:
    asked: list[Case] = []

    def fails(case: Case) -> None:
        asked.append(case)
        raise Disagreement(f"{case.size}")

    numbers = st.lists(st.integers(0, 9), min_size=30, max_size=60)
    with pytest.raises(Disagreement, match=f"^{example().size}"):
        check_drawn_cases(24, st.builds(lambda _: example(), numbers), fails)
    assert len(asked) < 30, len(asked)  # an explanation by Hypothesis, which nobody would see, asks a hundred


def test_where_each_size_compiles_anew_all_cases_of_a_run_have_one_and_it_is_not_the_enumerations() -> None:
    (of_relations,) = sizes_of(Compiled(), RELATIONS)
    (of_long,) = sizes_of(Compiled(), LONG_SEQUENCES)
    assert of_relations == tuple(sizes_of_run(3, RELATIONS)[name] for name in ("batch", "time", "input", "hidden"))
    assert (of_long[0], *of_long[2:]) == (of_relations[0], *of_relations[2:])
    assert of_relations != (3, 4, 2, 5)
    assert len(sizes_of(Plain(), RELATIONS)) > 6


@pytest.mark.parametrize("limits", [RELATIONS, LONG_SEQUENCES], ids=["relations", "long"])
def test_the_sizes_of_a_run_all_differ_none_is_one_and_every_seed_has_others(limits: SizeLimits) -> None:
    found = [sizes_of_run(seed, limits) for seed in range(200)]
    assert all(len(set(sizes.values())) == 4 and min(sizes.values()) >= 2 and sizes["time"] >= 3 for sizes in found)
    assert max(sizes["time"] for sizes in found) == limits.time
    assert len({tuple(sizes.values()) for sizes in found}) > 60
