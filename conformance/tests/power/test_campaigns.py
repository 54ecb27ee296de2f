"""The work of campaigns: what each chunk finds is what the plain command finds, however the work is cut."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.probing import is_probing
from conformance.commands.main import main
from conformance.common.schemas import mismatch
from conformance.contract import Case
from conformance.power.campaigns import certified, plan, walk, wrong
from conformance.power.mutants import MUTANTS, running
from conformance.power.tolerance_study import report
from conformance.power.tolerance_study.measuring import study as plain_study
from conformance.running.campaigns.chunks import canonical
from conformance.truth import corpus

SOUND, WRONG = (f"conformance.tests.support.planted_faults:{name}" for name in ("Sound", "GatesSwapped"))


def done(work: ModuleType, **options: Any) -> tuple[dict[str, Any], bool]:
    """The campaign done here: what is merged, and whether it passes. Each result is one that a store takes."""
    campaign = work.campaign_of(argparse.Namespace(**options))
    results = [(chunk, json.loads(canonical(chunk.work(**chunk.parameters)))) for chunk in campaign.chunks]
    assert [mismatch(found, campaign.schema) for _, found in results] == [""] * len(results)
    assert sum(chunk.amount for chunk in campaign.chunks) > 0
    merged = dict(campaign.merged(results))
    canonical(merged)
    return merged, campaign.passed(merged)


def walked(implementation: str, chunk: int, cases: int = 24) -> tuple[dict[str, Any], bool]:
    return done(walk, implementation=implementation, dtype="float64", cases=cases, chunk=chunk, seed=3)


def test_a_walk_finds_the_same_however_it_is_cut() -> None:
    (one, passed), (other, _) = walked("oracle", 24), walked("oracle", 7)
    assert passed
    assert {name: its for name, its in one.items() if name not in ("answers", "errors")} == {
        name: its for name, its in other.items() if name not in ("answers", "errors")
    }
    in_one, in_pieces = (np.array(each["errors"]["outputs"], float) for each in (one, other))
    np.testing.assert_array_max_ulp(in_one, in_pieces, maxulp=8)
    assert sum(one["ratios"]["outputs"].values()) == one["cases"] == 24


def test_a_walk_raises_the_alarm_about_a_fault() -> None:
    found, passed = walked(WRONG, 8)
    assert not passed
    assert found["alarms"]
    number, message = found["alarms"][0]
    assert 0 <= number < 24
    assert "expected" in message


def test_other_answers_have_another_digest() -> None:
    assert walked(SOUND, 8)[0]["answers"] == walked(SOUND, 8)[0]["answers"] != walked(WRONG, 8)[0]["answers"]


def test_a_walk_asks_what_a_thorough_run_asks_and_then_the_next_seed() -> None:
    session, combinations = walk._session("oracle", "float64")
    assert {one["dtype"] for _, one in combinations} == {"float64"}
    asked = [number for number in range(40) if not is_probing(3, combinations[number][0])]
    place, combination = combinations[asked[0]]
    _assert_same(walk.case_of(session, combinations, 3, asked[0]), build_case(SeededChooser(3, place), combination))
    later = walk.case_of(session, combinations, 2, asked[0] + len(combinations))
    _assert_same(later, build_case(SeededChooser(3, place), combination))


def _assert_same(one: Case, other: Case) -> None:
    assert one.options == other.options
    np.testing.assert_array_equal(one.x, other.x)


@pytest.mark.usefixtures("forked_workers")
def test_a_study_is_the_plain_one_but_for_its_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, result = str(tmp_path / "chunks"), tmp_path / "study.json"
    asked = ("tolerance-study", "--implementation", "oracle", "--dtype", "float32", "--cases", "20", "--seed", "1")
    where = ("--alarms-only", "--workers", "1", "--folder", folder, "--json", str(result))
    status = main(["campaign", *asked, *where])
    (plain,) = plain_study([("oracle", "float32", 20)], 1, 1, lambda _: None, faults=False)
    expected = report.without_nan(report.summary(plain))
    assert status == 0, capsys.readouterr().out
    assert json.loads(result.read_text())["merged"]["study"] == expected | {"cost": None, "versions": {}}


def test_a_score_is_the_plain_one_but_for_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CORRECT_VARIANTS", {})
    found, passed = done(wrong, mutant=["InputAndForgetExchanged"], faint=False, seed=0)
    assert passed
    (mutant,) = found["mutants"]
    assert (mutant["name"], mutant["group"]) == ("InputAndForgetExchanged", wrong._mutant(mutant).group)
    assert wrong._score(found).mutants[0].caught_first_by == "enumeration"
    assert not wrong.passed({**found, "mutants": [{**mutant, "modules": {}}]})


def test_every_mutant_variant_and_faint_version_is_a_chunk() -> None:
    campaign = wrong.campaign_of(argparse.Namespace(mutant=None, faint=True, seed=0))
    its = running.Plan(tuple(MUTANTS), True, True, 0, 1)
    assert len({chunk.identity("") for chunk in campaign.chunks}) == its.tasks


def test_certification_finds_the_corpus_right_and_a_changed_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("flint", reason="python-flint is not installed")
    found, passed = done(certified, family=["hand_sized"], chunk=2)
    stored = corpus.read_family(corpus.directory() / "hand_sized.json")
    assert passed
    assert found["cases"] == len(stored.fixtures)
    stored.fixtures[0].expected["outputs"].flat[0] += 1
    monkeypatch.setattr(corpus, "read_family", lambda _: stored)
    found, passed = done(certified, family=["hand_sized"], chunk=2)
    assert not passed
    assert len(found["problems"]) == 1
    assert "certified" in found["problems"][0]


def test_the_plan_multiplies_what_was_measured() -> None:
    its = plan.Merging(1000, 2000.0, 0.002, 0.001, 0.001, 0.0)
    parsed = argparse.Namespace(rate=50.0, chunk=500, runtimes=40, releases=60, install=60.0, price=0.1)
    said = plan.lines(its, parsed)
    (most,) = [line for line in said if line.startswith("| 1,000,000,000")]
    hours = 10**9 / 50 / 3600 + 2400 * 60 / 3600
    chunks = 2400 * 834
    expected = ["416,666", f"{hours:,.0f}", f"{hours / 10:,.0f}", f"{chunks:,}", f"{chunks * 2000 / 1e6:,.0f} MB"]
    assert most.split(" | ")[1:6] == expected
    assert any("takes 500 chunks a second. It keeps 5,000 cores" in line for line in said)


@pytest.mark.usefixtures("forked_workers")
def test_the_merging_is_simulated_with_the_walk_s_own_result() -> None:
    (chunk,) = walk.campaign_of(plan._walk(3, 3)).chunks
    its = plan.measure(chunk.work(**chunk.parameters), 20, 3)
    assert its.size > 500
    assert min(its.sent, its.written, its.read, its.merged) > 0
