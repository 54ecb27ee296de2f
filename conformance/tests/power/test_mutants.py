"""The quick profile catches every wrong implementation, and finds nothing in correct ones that are written differently.

A wrong one is run until the first case that is wrong. All get the same cases, which the oracle computes once a process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conformance import suite
from conformance.cases.building import build_case
from conformance.cases.choosers import SeededChooser
from conformance.contract import Case
from conformance.power.mutants import CONDITIONAL, GROUPS, MUTANTS, bug_of, group_of
from conformance.power.mutants.checks import MODULES
from conformance.power.mutants.correct_variants import CORRECT_VARIANTS
from conformance.power.mutants.faint_faults import FaintMutant
from conformance.power.mutants.faults.conditional import Conditional, is_right_about
from conformance.power.mutants.layer import Textbook
from conformance.power.mutants.measuring import (
    caught_where_it_holds,
    run_module,
    run_until_caught,
    session_of,
)
from conformance.power.mutants.other_suites import caught_by_the_corpus
from conformance.suite.plan import MODULE_ORDER, combinations_with_classes
from conformance.suite.session import Session
from conformance.suite.test_classes import built

pytestmark = [
    pytest.mark.usefixtures("measuring"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]
SUITE = Path(suite.__file__).parent
_SOONEST = {  # by the fault or its group; else they take half a minute more
    "api": ("refusals", "invariants"),
    "later calls": ("calls",),
    "drawn dropout": ("drawn_dropout",),
    "kept state": ("stateful",),
    "MasksByMultiplying": ("invariants",),
    "ReluSlopeOneAtZero": ("invariants",),
    "StateLostAfterAChunk": ("classes",),
    "CutAfterTenSteps": ("classes",),
    "OneStepShortCut": ("laws",),
}


def planned_cases_of(session: Session) -> Iterator[Case]:
    """One of each combination of options that the session plans to try."""
    return (build_case(SeededChooser(0, place), session.space.valid[place]) for place in session.planned)


def modules_for(name: str) -> tuple[str, ...]:
    """Every module, those first in which such a fault is likely to show."""
    group = "kept state" if MUTANTS[name].stateful is not Textbook.stateful else group_of(name)
    soonest = _SOONEST.get(name, _SOONEST.get(group, ()))
    return soonest + tuple(module for module in MODULES if module not in soonest)


@pytest.mark.parametrize("name", [name for name in MUTANTS if group_of(name) != CONDITIONAL])
def test_the_mutant_is_caught(name: str) -> None:
    found = run_until_caught(MUTANTS[name](), 0, modules_for(name))
    assert any(each.caught for each in found.values()), f"{name} survived the quick profile: {bug_of(name)}"


@pytest.mark.parametrize("name", [name for name in MUTANTS if group_of(name) == CONDITIONAL])
def test_the_fault_behind_a_condition_is_caught_by_a_case_that_meets_it(name: str) -> None:
    """Asks those cases of the quick profile alone, as others have right answers: 62 faults in half a minute."""
    found = caught_where_it_holds(name, 0)
    assert found.cases, f"{name}: no case of the quick profile meets the condition: {bug_of(name)}"
    assert found.caught, f"{name} survived {found.cases} cases that meet its condition: {bug_of(name)}"


@pytest.mark.parametrize("name", ["WrongFrom33Units", "WrongForTheLastOutputOnly", "WrongWhereNothingCounts"])
def test_elsewhere_the_fault_behind_a_condition_is_none(name: str) -> None:
    made, combinations = MUTANTS[name](), session_of(Textbook(), 0)
    assert isinstance(made, Conditional)
    cases = [built(combinations, one) for one in combinations_with_classes(combinations)["LSTM"]]
    elsewhere = [case for case in cases if not made.holds(case) and case.size < 1000]
    assert elsewhere
    assert not any(is_right_about(made, case) for case in cases if made.holds(case))
    for case in elsewhere[::4]:
        assert is_right_about(made, case)
        right, found = Textbook().observe(case), made.observe(case)
        assert all(np.array_equal(found[quantity], right[quantity], equal_nan=True) for quantity in right)


@pytest.mark.parametrize(
    ("name", "weight", "arithmetic"),
    [
        ("InputAndForgetExchanged", 1e-9, "float64"),
        ("RecurrentKernelTransposed", 1e-9, "float64"),
        ("MaskNotReversed", 1e-9, "float64"),
        ("FinalStateOfTheStepBefore", 1e-6, "float64"),
        ("StateNotKept", 1e-6, "float64"),
        ("UpdateGateInverted", 1e-3, "float32"),
        ("BackwardHalfFirst", 1e-3, "float32"),
        ("ScaleMissing", 1e-3, "float32"),
        ("InputAndForgetExchanged", 1e-1, "TF32"),
        ("StateNotKept", 1e-1, "autocast"),
        ("MaskNotReversed", 1e-1, "autocast"),
    ],
)
def test_a_faint_fault_is_caught(name: str, weight: float, arithmetic: str) -> None:
    assert any(
        each.caught for each in run_until_caught(FaintMutant(name, weight, arithmetic), 0, modules_for(name)).values()
    )


@pytest.mark.parametrize("arithmetic", ["float64", "float32", "TF32"])
def test_of_a_fault_of_no_weight_every_bit_is_the_right_layer_s(arithmetic: str) -> None:
    faint = FaintMutant("InputAndForgetExchanged", 0.0, arithmetic)
    cases = list(planned_cases_of(session_of(faint, 0)))[::4]
    assert {case.kind for case in cases} == {"SimpleRNN", "LSTM", "GRU"}
    for case in cases:
        right, found = Textbook().observe(case), faint.observe(case)
        assert all(np.array_equal(found[quantity], right[quantity], equal_nan=True) for quantity in right)
    assert not run_module("stateful", faint, 0).caught


def test_a_fault_of_no_weight_is_none_in_half_precision() -> None:
    """There an answer is rounded at its end alone, as autocast does at best."""
    found = run_until_caught(FaintMutant("InputAndForgetExchanged", 0.0, "autocast"), 0, ("agreement", "stateful"))
    assert not any(each.caught for each in found.values()), found


@pytest.mark.parametrize(
    ("made", "caught"),
    [(Textbook, False), (MUTANTS["ResetBefore"], True), (MUTANTS["MaskNotReversed"], False)],
)
def test_the_corpus_alone_catches_what_its_cases_can_show(made: type[Textbook], caught: bool) -> None:
    assert caught_by_the_corpus(made, ("hand_sized", "standard")) is caught


OF_BITS = ("calls", "refusals", "fixtures")
"""Modules that compare an implementation's bits with its own, with its errors, and exact integers: how it rounds is
nothing to them, and their calls are `Textbook`'s in all variants."""


@pytest.mark.parametrize("name", CORRECT_VARIANTS)
def test_a_correct_implementation_passes(name: str) -> None:
    modules = [module for module in MODULES if name == "Textbook" or module not in OF_BITS]
    found = {module: run_module(module, CORRECT_VARIANTS[name](), 0) for module in modules}
    alarms = {module: f"{its.caught}: {its.message}" for module, its in found.items() if its.caught}
    assert not alarms, alarms
    assert sum(its.cases for its in found.values()) > 300, "hardly anything was compared"


ALIKE = ("Textbook", "MasksByArithmetic")  # to multiply by 1 and add 0 rounds nothing


@pytest.mark.parametrize("name", [name for name in CORRECT_VARIANTS if name not in ALIKE])
def test_it_does_round_otherwise(name: str) -> None:
    """Else it would be no other implementation."""
    made = CORRECT_VARIANTS[name]()
    assert any(
        not np.array_equal(value, right)
        for case in planned_cases_of(session_of(made, 0))
        for value, right in zip(made.observe(case).values(), Textbook().observe(case).values(), strict=True)
    )


def test_every_group_of_mutants_has_a_dozen_and_all_are_in_one() -> None:
    groups = [group_of(name) for name in MUTANTS]
    assert all(groups.count(group) >= 12 for group in GROUPS), groups
    assert len(MUTANTS) > 200


@pytest.mark.parametrize("page", ["README.md", "conformance/power/README.md", "conformance/power/mutants/README.md"])
def test_a_page_says_how_many_there_are(page: str) -> None:
    path = SUITE.parents[1] / page
    if not path.is_file():
        pytest.skip("an installed package has no README beside it")
    said = re.findall(r"(\d+) \[?wrong implementations", path.read_text(encoding="utf-8"))
    assert said, page
    assert {int(each) for each in said} == {len(MUTANTS)}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_says_in_a_sentence_what_is_wrong_with_it(name: str) -> None:
    assert MUTANTS[name].__doc__ is not Textbook.__doc__
    assert re.fullmatch(r"\S.{20,}(\.|https://github\.com/\S+)", bug_of(name)), bug_of(name)


def test_every_module_of_the_suite_is_run_and_in_order() -> None:
    modules = {path.stem.removeprefix("test_") for path in SUITE.glob("test_*.py")}
    assert set(MODULE_ORDER) == modules
    elsewhere = {"divergences", "devices", "left_out"}  # of released frameworks, of a GPU, of all modules together
    assert set(MODULES) == modules - elsewhere
