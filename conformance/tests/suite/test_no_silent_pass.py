"""Ways in which a run could pass without having checked: each was open once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.contract import NotRun, Observed
from conformance.implementations.finding import Source, load
from conformance.judging.expected import expect
from conformance.judging.verdict import Comparison, compare, judge
from conformance.suite import test_laws as laws
from conformance.suite.relations import compare_within
from conformance.suite.session import PROFILES, Session
from conformance.tests.support import command, example
from conformance.tests.support.planted_failures import OutputsOnly, Small

DIFFICULT = "conformance.tests.support.planted_failures"


def verdict_on(name: str, folder: Path, **environment: Any) -> tuple[int, str, dict[str, Any]]:
    """Exit status, output and the one implementation's JSON of a run."""
    file = folder / "verdict.json"
    status, said = command("run", "--implementation", name, "--json", str(file), **environment)
    return status, said, json.loads(file.read_text())["implementations"][0]


def test_a_process_that_leaves_early_has_crashed_whatever_its_status(tmp_path: Path) -> None:
    status, said, found = verdict_on(f"{DIFFICULT}:Leaves", tmp_path)
    assert (status, found["verdict"]) == (1, "CRASHED"), said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Misspelt", "cells: entry 1 (GRU): the option 'lenghts' is not known; did you mean 'lengths'?"),
        ("WrongValue", "cells: entry 1 (GRU): direction: 'backwards' is not known"),
        ("Endless", "cells: expected a tuple of entries, got an object of type generator"),
        ("Nothing", "expected an attribute 'cells' that is not empty"),
    ],
)
def test_cells_that_make_no_sense_end_with_a_message_and_status_2(name: str, said: str, tmp_path: Path) -> None:
    status, printed, found = verdict_on(f"conformance.tests.support.planted_declarations:{name}", tmp_path)
    assert (status, found["verdict"]) == (2, "MISDECLARED"), printed
    assert found["why"].startswith(said)
    assert said in printed
    assert "pytest" not in printed
    assert "Traceback" not in printed


def test_a_record_of_cells_that_make_no_sense_is_refused_by_name(tmp_path: Path) -> None:
    name = "conformance.tests.support.planted_declarations:Misspelt"
    status, printed = command("record", "--implementation", name, str(tmp_path / "a.jsonl.xz"))
    assert status == 1
    assert "not run: cells: entry 1 (GRU): the option 'lenghts' is not known; did you mean 'lengths'?" in printed


def test_a_shell_cannot_leave_out_tests(tmp_path: Path) -> None:
    status, said, found = verdict_on(
        f"{DIFFICULT}:Small", tmp_path, PYTEST_ADDOPTS="-k laws", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
    )
    assert status == 0, said
    assert set(found["families"]) >= {"outputs", "state", "laws"}, found["families"]


def test_the_seed_says_what_is_drawn_on_a_ci_too(tmp_path: Path) -> None:
    def numbers(seed: str) -> int:
        file = tmp_path / f"{seed}.json"
        options = ("--implementation", f"{DIFFICULT}:Small", "--seed", seed, "--json", str(file))
        assert command("run", *options, CI="true")[0] == 0
        return int(json.loads(file.read_text())["implementations"][0]["numbers"])

    assert numbers("0") != numbers("1"), "two seeds drew the same cases"


def test_a_right_answer_that_tells_little_is_no_disagreement(tmp_path: Path) -> None:
    status, said, found = verdict_on(f"{DIFFICULT}:OutputsOnly", tmp_path)
    assert (status, found["verdict"]) == (0, "agrees"), said
    assert "law time" in " ".join(found["not_run"])


def test_another_dtype_than_the_case_is_told(tmp_path: Path) -> None:
    status, said, _ = verdict_on(f"{DIFFICULT}:Wider", tmp_path)
    assert status == 1
    assert "expected dtype float32, got float64" in said


def test_a_dtype_too_narrow_is_a_problem_though_the_numbers_fit() -> None:
    case = example("SimpleRNN")
    half = {name: np.zeros(value.shape, np.float16) for name, value in expect(case).values.items()}
    assert all("expected dtype float64" in c.problem for c in judge(expect(case), Observed(half)).comparisons)


def test_nan_on_either_side_of_a_law_is_a_problem() -> None:
    good, bad, bound = np.ones(3), np.array([1.0, np.nan, 1.0]), np.full(3, 1e-9)
    for one, other in ((good, bad), (bad, good)):
        found: list[Comparison] = compare_within("law", {"outputs": one}, {"outputs": other}, {"outputs": bound})
        assert not all(comparison.agrees for comparison in found)


def test_a_law_without_the_state_compares_nothing_rather_than_wrongly() -> None:
    session = Session(OutputsOnly(), PROFILES["quick"])
    assert laws.time(session, example("SimpleRNN").replace(d_outputs=None, d_state=None)) == []
    told = laws.time(Session(Small(), PROFILES["quick"]), example("SimpleRNN").replace(d_outputs=None, d_state=None))
    assert told
    assert all(comparison.agrees for comparison in told)


def test_only_the_framework_itself_can_be_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "half_installed.py").write_text("import a_part_that_a_release_has_lost\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = Source("half_installed:Class", packages=("framework",))
    monkeypatch.setattr("conformance.implementations.finding.source_of", lambda name: broken)
    with pytest.raises(ModuleNotFoundError, match="a_part_that_a_release_has_lost"):
        load("broken")
    absent = Source("half_installed:Class", packages=("a_part_that_a_release_has_lost",))
    monkeypatch.setattr("conformance.implementations.finding.source_of", lambda name: absent)
    with pytest.raises(NotRun, match="a_part_that_a_release_has_lost is not installed"):
        load("absent")


def test_an_infinite_bound_compares_nothing_and_says_so() -> None:
    found = compare("outputs", np.ones(3), np.array([1.0, np.inf, 1.0]), np.ones(3))
    assert (found.numbers, found.undecided) == (2, 1)
