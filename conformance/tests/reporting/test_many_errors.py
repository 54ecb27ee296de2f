"""All errors of a run together show what no single one does, and what is by chance is not called a fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.reporting.many_errors import (
    ENOUGH_CASES,
    IMPROBABLE,
    Many,
    errors_in_common,
    leaning_errors,
    leaning_since,
)
from conformance.suite.session import PROFILES, Session
from conformance.tests.support import command
from conformance.tests.support import planted_biases as planted
from conformance.tests.support.planted_faults import Sound

CASES = 60


def many_of(made: type[Sound], record: Path, cases: int = CASES, **classes: str) -> Many:
    """What the errors of an implementation have in common, over so many cases, of which every one agrees.

    classes   those that each case carries
    """
    session = Session(made(), PROFILES["quick"], record)
    places = [place for place, one in enumerate(session.space.valid) if one["dtype"] == "float32"]
    for k in range(cases):
        place = places[k % len(places)]
        session.check("agreement", build_case(SeededChooser(k), session.space.valid[place]), classes)
    events = [json.loads(line) for line in record.read_text().splitlines()]
    return errors_in_common([event for event in events if event["event"] == "case"])


@pytest.mark.parametrize("made", [Sound, planted.Erring])
def test_errors_by_chance_are_no_fault(made: type[Sound], tmp_path: Path) -> None:
    many = many_of(made, tmp_path / "record")
    assert "outputs in float32" in many
    assert leaning_errors(many) == {}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (planted.Leaning, "they have one sign, by"),
        (planted.Coarse, "they are too large, by"),
    ],
)
def test_a_bias_that_no_single_number_shows_is_seen(made: type[Sound], said: str, tmp_path: Path) -> None:
    found = leaning_errors(many_of(made, tmp_path / "record"))
    assert list(found) == ["outputs in float32"]
    assert said in found["outputs in float32"]


def test_special_cases_are_left_out(tmp_path: Path) -> None:
    """One number may outweigh all others there."""
    assert leaning_errors(many_of(planted.Leaning, tmp_path / "record", values="huge")) == {}


def test_what_errors_do_since_an_earlier_run_is_told_and_what_they_did_before_is_not(tmp_path: Path) -> None:
    before, now = (many_of(made, tmp_path / made.name) for made in (planted.Erring, planted.Leaning))
    (told,) = leaning_since(now, before)
    assert told.startswith("outputs in float32: unlike before they have one sign")
    outward = many_of(planted.Inflating, tmp_path / "inflating")
    assert leaning_errors(outward) == {}, "a faithful function may err to one side"
    (told,) = leaning_since(outward, before)
    assert told.startswith("outputs in float32: unlike before they point one way from 0")
    assert not list(leaning_since(now, now))
    assert not list(leaning_since(now, {}))


def test_a_case_that_is_drawn_again_counts_once_and_few_cases_say_nothing() -> None:
    def case(sums: list[float]) -> dict[str, object]:
        family = {"measured": 100, "in_common": [sums, [400.0] * 3], "samples": 12}
        return {"families": {"outputs": family}, "dtype": "float32"}

    distinct = [case([60.0 + k, 0.0, 0.0]) for k in range(ENOUGH_CASES)]
    assert errors_in_common(distinct[1:]) == {}
    assert errors_in_common(distinct) == errors_in_common(distinct * 5)
    mean, error, freedom = errors_in_common(distinct)["outputs in float32"]["signs"].values()
    assert abs(mean - 6.45) < 1e-12
    assert abs(error - 2 / ENOUGH_CASES**0.5) < 1e-12
    assert abs(freedom - 12 * ENOUGH_CASES) < 1e-9


def test_where_one_case_outweighs_all_others_its_few_samples_are_all_that_is_known_of_the_error() -> None:
    def many(variance: float) -> Many:
        families = [([20.0 + k, 0.0, 0.0], 400.0) for k in range(ENOUGH_CASES)] + [
            ([variance**0.5 * 9, 0.0, 0.0], variance)
        ]
        return errors_in_common(
            [
                {
                    "families": {"outputs": {"measured": 100, "in_common": [sums, [its] * 3], "samples": 6}},
                    "dtype": "float32",
                }
                for sums, its in families
            ]
        )

    outweighed = many(4e8)
    assert abs(outweighed["outputs in float32"]["signs"]["freedom"] - 6) < 0.01
    assert leaning_errors(outweighed) == {}, "9 deviations, which are known from 6 samples"
    assert leaning_errors(many(400.0)), "of many cases"


def test_the_limit_is_one_false_alarm_in_a_million_runs() -> None:
    at = {"signs": {"mean": 4.9, "error": 1.0}, "outward": {"mean": 50.0, "error": 1.0}}
    assert leaning_errors({"outputs in float32": at}) == {}
    at["signs"]["mean"] = 5.2
    assert leaning_errors({"outputs in float32": at})
    more = {f"outputs in {k}": at for k in range(40)}
    assert leaning_errors(more) == {}, "of many that are compared, one is so far off by chance"
    assert IMPROBABLE == 1e-6
    smaller = {"sizes": {"mean": -50.0, "error": 1.0}}
    assert leaning_errors({"outputs in float32": smaller}) == {}


def test_the_command_fails_on_a_bias_and_says_which(tmp_path: Path) -> None:
    name = "conformance.tests.support.planted_biases:Leaning"
    status, said = command("run", "--implementation", name, "--json", str(tmp_path / "run.json"))
    assert status == 1, said
    assert "The errors of outputs in float32: they have one sign, by" in said
    (found,) = json.loads((tmp_path / "run.json").read_text())["implementations"]
    assert (found["verdict"], found["failures"]) == ("DIVERGES", {})
