"""Each check of the suite that relates answers to each other is seen to fail where it should, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import hypothesis.core
import pytest

from conformance.cases.strategies import declares_cell
from conformance.contract import Case, Quantities
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.divergences import Disagreement
from conformance.suite import trying
from conformance.suite.plan import INVARIANTS, LAWS
from conformance.suite.session import PROFILES, Profile, Session
from conformance.suite.test_enumeration import test_every_combination_agrees_with_the_oracle as enumeration
from conformance.suite.test_fixtures import HAND_SIZED
from conformance.suite.test_invariants import test_the_invariant_holds as invariant
from conformance.suite.test_laws import test_the_law_holds as law
from conformance.suite.test_refusals import test_the_framework_refuses_what_it_is_said_to_refuse as refusal
from conformance.suite.test_stateful import test_a_stateful_layer_goes_on_where_it_was as stateful
from conformance.tests.support import planted_violations as planted

FEW = Profile(every_combination=False, cases=10, cases_per_relation=12, machine_runs=12)


def checking(made: type[planted.Right], record: Path | None = None, profile: Profile = FEW) -> Session:
    return Session(made(), profile, record)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "SHRINKING_SECONDS", 10.0)


BROKEN = {
    "repeatable": planted.Unrepeatable,
    "nothing_mutated": planted.Mutating,
    "layout_in_memory": planted.IgnoresStrides,
    "no_stale_answer": planted.Cached,
    "garbage": planted.ReadsPadding,
    "nan_garbage": planted.SpreadsNan,
    "not_finite": planted.MixesRows,
    "padded": planted.PadsWithOnes,
    "lengths_as_mask": planted.PadsWithOnes,
    "dropout_at_inference": planted.DropsAtInference,
    "flat_at_the_kink": planted.SteepAtTheKink,
    "wrong_sizes_refused": planted.ReadsAPart,
}


def test_there_is_an_implementation_that_breaks_each_invariant() -> None:
    assert set(BROKEN) == set(INVARIANTS)


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_that_is_broken_is_seen(name: str) -> None:
    with pytest.raises(Disagreement, match=r"ratio|accepted|reported|NaN|the call changed x"):
        invariant(checking(BROKEN[name]), name)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (planted.MixesRows, r"nan in row ., in other rows: outputs.*got nan"),
        (planted.ReachesEarlierSteps, r"before step . is processed: outputs.*got nan"),
        (planted.SwallowsNan, "numbers are finite, which follow from NaN"),
    ],
)
def test_it_is_told_what_nan_in_one_row_reaches(made: type[planted.Right], told: str) -> None:
    with pytest.raises(Disagreement, match=told):
        invariant(checking(made), "not_finite")


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_that_holds_is_not_called_broken(name: str) -> None:
    invariant(checking(planted.Right), name)


@pytest.mark.parametrize("name", LAWS)
def test_the_laws_hold_where_nothing_is_wrong(name: str) -> None:
    law(checking(planted.Right), name)


def test_an_invariant_that_the_implementation_cannot_have_is_not_run_and_says_why(tmp_path: Path) -> None:
    class Plain(planted.Right):
        cells = ({"kind": "SimpleRNN"},)
        refused = ()

    with pytest.raises(pytest.skip.Exception, match="no combination of its options"):
        invariant(checking(Plain, tmp_path / "record"), "garbage")
    assert "invariant garbage" in (tmp_path / "record").read_text()


def refusals(made: type[planted.Right], record: Path | None = None) -> None:
    session = checking(made, record)
    for entry, combinations in session.space.refused:
        refusal(session, entry, combinations)


def test_a_refusal_that_happens_as_said_is_recorded_with_how_many_combinations_it_is_about(tmp_path: Path) -> None:
    refusals(planted.Right, tmp_path / "record")
    assert '"event": "refused", "combinations": 4, "reason": "rows without a step"' in (tmp_path / "record").read_text()


def test_a_refusal_in_other_words_fails() -> None:
    with pytest.raises(Disagreement, match="refused with 'lengths must be positive', but raised ValueError: expected"):
        refusals(planted.RefusesInOtherWords)


def test_a_refusal_that_no_longer_happens_fails() -> None:
    with pytest.raises(Disagreement, match="but it was computed: take the entry out of `refused`"):
        refusals(planted.RefusesNoMore)


def test_a_fault_in_a_corner_is_found_by_the_cover_and_told_by_its_options() -> None:
    with pytest.raises(Disagreement) as caught:
        enumeration(checking(planted.WrongInACorner))
    said = str(caught.value)
    assert re.search(r"all that have: direction='backward', mask='right'\n", said), said
    assert "batch=1, time=2" in said, f"the case is not minimal: one row of two steps is enough:\n{said}"
    assert "input_size=1, hidden_size=1" in said, said
    assert "state.h[0, 0]: expected" in said, said


def test_the_enumeration_goes_on_after_a_failure_and_counts_it_as_tried(tmp_path: Path) -> None:
    session = checking(planted.WrongInACorner, tmp_path / "record", PROFILES["thorough"])
    with pytest.raises(Disagreement, match=rf"2 of {len(session.space.valid)} combinations of options disagree"):
        enumeration(session)
    assert session.coverage.reached == session.coverage.valid


@pytest.mark.parametrize("profile", PROFILES)
def test_a_right_implementation_passes_the_enumeration_and_every_triple_is_covered(profile: str) -> None:
    session = checking(planted.Right, profile=PROFILES[profile])
    enumeration(session)
    assert session.coverage.reached["tuples"] == session.coverage.valid["tuples"]


def test_the_thorough_profile_tries_every_combination() -> None:
    session = checking(planted.Right, profile=PROFILES["thorough"])
    assert session.planned == list(range(len(session.space.valid)))


def test_the_oracle_has_every_hand_sized_cell() -> None:
    for fixture in HAND_SIZED:
        assert declares_cell(Oracle.cells, fixture.case.cell), f"{fixture.id} is not run: {fixture.case.cell}"


def test_what_only_the_framework_knows_is_asked_of_it_before_anything_is_expected() -> None:
    enumeration(checking(planted.FreshCases))

    class Unprepared(planted.FreshCases):
        @property
        def prepare(self) -> None:  # type: ignore[override]
            raise AttributeError

        def observe(self, case: Case) -> Quantities:
            return planted.Right.observe(self, planted.FreshCases.prepare(self, case))

    with pytest.raises(Disagreement):
        enumeration(checking(Unprepared))


KEEPING_STATE = {
    planted.ForgetsState: "call(",
    planted.IgnoresGivenState: "initial_state=given",
    planted.NeverResets: "reset()",
    planted.LosesWeights: "reload()",
    planted.SaysItKeepsState: "reload()",
}


@pytest.mark.parametrize("made", KEEPING_STATE)
def test_one_run_of_the_state_machine_shows_it_whatever_is_drawn(
    made: type[planted.Right], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "SHRINKING_SECONDS", 0.0)
    for seed in range(8):
        monkeypatch.setattr(hypothesis.core, "global_force_seed", seed)
        with pytest.raises(Disagreement):
            stateful(checking(made, profile=replace(FEW, machine_runs=1)))


@pytest.mark.parametrize(("made", "step"), KEEPING_STATE.items())
def test_a_layer_whose_state_is_not_what_its_calls_left_is_seen(made: type[planted.Right], step: str) -> None:
    with pytest.raises(Disagreement) as caught:
        stateful(checking(made))
    said = str(caught.value)
    assert step in said, said
    assert said.count("call(") <= 2, f"the steps are not minimal:\n{said}"


def test_a_layer_that_keeps_its_state_passes() -> None:
    stateful(checking(planted.Right))


def test_an_implementation_without_a_stateful_form_is_not_run_and_says_why(tmp_path: Path) -> None:
    class Stateless(planted.Right):
        @property
        def stateful(self) -> None:  # type: ignore[override]
            raise AttributeError

    with pytest.raises(pytest.skip.Exception, match=r"right has no stateful\(case\)"):
        stateful(checking(Stateless, tmp_path / "record"))
    assert "stateful" in (tmp_path / "record").read_text()
