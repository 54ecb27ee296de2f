"""Few combinations with every triple of option values; how much has been tried; what failures have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import pytest

from conformance.cases.coverage import Coverage, OptionTuples, failure_conditions
from conformance.cases.option_space import Combination, space_of

EITHER = (False, True)
SPACE = space_of(
    [
        {"kind": "LSTM", "direction": ("forward", "backward"), "peepholes": EITHER, "clip": EITHER, "unroll": EITHER},
        {
            "kind": "GRU",
            "reset_after": EITHER,
            "mask": ("right", "left", "holes"),
            "masked_output": ("repeat", "zeros"),
        },
    ],
    ("float64", "float32"),
).valid


def triples(valid: Sequence[Combination]) -> set[tuple[tuple[str, Any], ...]]:
    """Every triple of an option and its value that the combinations have: those that vary."""
    names = dict.fromkeys(name for one in valid for name in one)
    varying = {n for n in names if len({one.get(n, "absent") for one in SPACE}) > 1}
    return {
        three for one in valid for three in combinations([(n, one[n]) for n in names if n in one and n in varying], 3)
    }


def test_the_cover_has_every_triple_that_the_space_has() -> None:
    tuples = OptionTuples(SPACE)
    chosen = tuples.covering()
    assert triples([SPACE[place] for place in chosen]) == triples(SPACE)
    assert tuples.count == len(triples(SPACE))


def test_the_cover_is_much_smaller_than_the_space_and_has_nothing_twice() -> None:
    large = space_of([{"kind": "LSTM", **{f"option {k}": (1, 2, 3) for k in range(7)}}], ("float64",)).valid
    chosen = OptionTuples(large).covering()
    assert len(chosen) == len(set(chosen)) < 100 < len(large), f"{len(chosen)} of {len(large)}"


def test_no_combination_of_the_cover_came_in_for_nothing() -> None:
    seen: set[tuple[tuple[str, Any], ...]] = set()
    for place in OptionTuples(SPACE).covering():
        new = triples([SPACE[place]]) - seen
        assert new, f"all triples of {SPACE[place]} were covered before"
        seen |= new


def test_the_same_seed_gives_the_same_cover_and_another_seed_another() -> None:
    assert OptionTuples(SPACE).covering(1) == OptionTuples(SPACE).covering(1) != OptionTuples(SPACE).covering(2)


@pytest.mark.parametrize("options", [{}, {"use_bias": EITHER}, {"use_bias": EITHER, "unroll": EITHER}], ids=str)
def test_a_space_of_fewer_than_three_options_is_covered_whole(options: dict[str, Any]) -> None:
    small = space_of([{"kind": "SimpleRNN", "initial_state": (False,), **options}], ("float64",)).valid
    tuples = OptionTuples(small)
    assert sorted(tuples.covering()) == list(range(len(small)))
    assert tuples.count == len(small)


def test_coverage_counts_what_was_tried() -> None:
    coverage = Coverage(OptionTuples(SPACE))
    assert coverage.reached == {"combinations": 0, "tuples": 0}
    for tried, place in enumerate((0, 5, 40), start=1):
        coverage.add(place)
        coverage.add(place)
        assert coverage.reached["combinations"] == tried
    assert coverage.reached["tuples"] == len(triples([SPACE[0], SPACE[5], SPACE[40]]))
    for place in range(len(SPACE)):
        coverage.add(place)
    assert coverage.reached == coverage.valid == {"combinations": len(SPACE), "tuples": len(triples(SPACE))}


VALUES = {"a": (1, 2, 3), "b": EITHER, "c": EITHER, "d": ("x", "y")}
ALL = [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]


@pytest.mark.parametrize(
    "conditions",
    [
        [{"a": 2}],
        [{"a": 3, "b": True}],
        [{"a": 1, "c": False, "d": "y"}],
        [{"a": 2}, {"b": True, "d": "x"}],
    ],
    ids=str,
)
def test_failures_are_told_by_the_least_that_they_have_in_common_and_no_other_has(
    conditions: list[dict[str, Any]],
) -> None:
    failed = [one for one in ALL if any(condition.items() <= one.items() for condition in conditions)]
    found = failure_conditions(failed, [one for one in ALL if one not in failed])
    assert [condition for condition, _ in found] == conditions
    assert sorted(place for _, places in found for place in places) == list(range(len(failed)))


def test_a_failure_that_nothing_sets_apart_is_told_with_all_its_options() -> None:
    failed = [ALL[0]]
    assert failure_conditions(failed, ALL) == [(ALL[0], [0])]


def test_when_all_fail_they_have_the_first_option_in_common() -> None:
    alike = [{"a": 1, "b": b} for b in EITHER]
    assert failure_conditions(alike, []) == [({"a": 1}, [0, 1])]


def test_an_option_that_a_combination_has_not_is_no_condition() -> None:
    failed, passed = [{"kind": "GRU"}], [{"kind": "GRU", "unroll": True}]
    assert failure_conditions(failed, passed) == [({"kind": "GRU"}, [0])], "the absence of unroll is no value"
