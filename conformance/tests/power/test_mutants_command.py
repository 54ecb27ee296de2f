"""``python -m conformance mutants``: the score that it prints, and what it refuses."""

from __future__ import annotations

import json
import multiprocessing
import signal
from pathlib import Path

import pytest

from conformance.commands.main import main
from conformance.commands.power import mutants as command
from conformance.power.mutants import MUTANTS, faint_faults, measuring, running
from conformance.power.mutants.checks import MODULES
from conformance.power.mutants.faint_faults import WEIGHTS, FaintMutant
from conformance.power.mutants.measuring import ModuleResult, MutantResult
from conformance.power.mutants.running import Plan, Score
from conformance.power.mutants.score import caught_by_no_other, caught_by_weight, plot, summary

PLAN = Plan(("ResetBefore",), correct=False, faint=False, seed=0, jobs=1)


def found(name: str, group: str = "forward", **modules: int) -> MutantResult:
    """A mutant that each module catches after so many cases; after none: that does not catch it in ten."""
    tried = {
        module: ModuleResult("check" if cases else "", "outputs: wrong", ("outputs",), cases or 10, 0.5)
        for module, cases in modules.items()
    }
    return MutantResult(name, group, "a bug", tried, dict.fromkeys(("forward", "gradients", "corpus", "onnx"), True))


def test_what_catches_first_is_told_with_all_cases_until_then() -> None:
    late = found("late", enumeration=0, agreement=3, laws=5)
    assert late.caught_first_by == "agreement"
    assert late.cost_until_caught() == (13, 1.0)


def test_a_mutant_that_one_module_alone_catches_is_what_its_deletion_costs() -> None:
    its = caught_by_no_other([found("a", enumeration=1, laws=0), found("b", enumeration=2, laws=3), found("c", laws=1)])
    assert its["enumeration"] == ["a"]
    assert its["laws"] == ["c"]


def test_a_survivor_or_a_false_alarm_fails_the_score() -> None:
    caught, survivor = found("a", laws=1), found("b", laws=0)
    assert Score((caught,), {"Fused": []}, {}).passed
    assert not Score((caught,), {"Fused": ["wrong"]}, {}).passed
    score = Score((caught, survivor), {}, {})
    assert not score.passed
    assert "1 of 2 mutants caught" in summary(score, PLAN)
    assert "survived: b" in summary(score, PLAN)


def test_the_curve_counts_those_whose_fault_shows_at_full_weight(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    least = {"a": 1e-6, "b": 1e-3, "shape": None}
    score = Score((), {}, {(name, dtype): weight for name, weight in least.items() for dtype in WEIGHTS})
    assert caught_by_weight(score)["float64"] == {1.0: (2, 2), 1e-3: (2, 2), 1e-6: (1, 2), 1e-9: (0, 2)}
    plot(score, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_and_writes_the_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    where = tmp_path / "score.json"
    names = ("ResetBefore", "InputAndForgetExchanged")
    assert main(["mutants", "--jobs", "1", "--json", str(where), *(f"--mutant={name}" for name in names)]) == 0
    said = capsys.readouterr().out
    assert "2 of 2 mutants caught by the quick profile" in said
    assert "no other does" in said
    score = json.loads(where.read_text())
    assert score["passed"]
    assert [each["name"] for each in score["mutants"]] == list(names)
    reset = score["mutants"][0]
    assert reset["caught_first_by"] == "enumeration"
    assert reset["alone"] == {"forward": True, "gradients": True, "corpus": True, "onnx": False}


@pytest.mark.usefixtures("measuring")
def test_a_fault_of_the_gradients_is_caught_by_gradients_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MODULES", {"laws": MODULES["laws"]})  # all of them take twenty seconds
    found = measuring.measure_mutant("AveragedOverTime", 0)
    assert found.caught_first_by == "laws"
    assert (found.caught_alone["forward"], found.caught_alone["gradients"]) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mutant", "ResetBefor"], "no mutant 'ResetBefor'; did you mean ResetBefore"),
        (["--jobs", "0"], "a positive whole number is needed"),
        (["--json", "no/such/folder/score.json"], "no such folder"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["mutants", *arguments])
    assert refused.value.code == 2
    assert said in capsys.readouterr().err


def test_the_plan_has_faint_versions_of_forward_faults_alone() -> None:
    plan = Plan(tuple(MUTANTS), correct=True, faint=True, seed=0, jobs=1)
    names = {name for name, _ in plan.faint_tasks}
    assert "ResetBefore" in names
    assert "AveragedOverTime" not in names
    assert not Plan(tuple(MUTANTS), correct=True, faint=False, seed=0, jobs=1).faint_tasks


def test_the_least_weight_that_is_caught_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"a": 1e-9, "b": 1e-6, "c": 1e-3, "d": 1.0, "shape": 2.0}

    def caught_from(made: FaintMutant, seed: int) -> dict[str, ModuleResult]:
        name = made.name.partition(" ")[0]
        return {"laws": ModuleResult("check" if made.weight >= limits[name] else "", "", (), 1, 0.0)}

    monkeypatch.setattr(running, "run_until_caught", caught_from)
    monkeypatch.setattr(faint_faults, "MUTANTS", dict.fromkeys(limits, MUTANTS["ResetBefore"]))
    found = {name: running.least_weight(name, "float64", 0) for name in limits}
    assert found == {"a": 1e-9, "b": 1e-6, "c": 1e-3, "d": 1.0, "shape": None}


def _at_once(name: str, seed: int) -> str:
    """In place of `measure_mutant`, for worker processes to find."""
    return f"{name} {seed}"


def test_an_interrupt_ends_every_process_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    began: list[int] = []

    def interrupted(name: str) -> None:
        began.append(len(multiprocessing.active_children()))
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "measure_mutant", _at_once)
    monkeypatch.setattr(command, "run", lambda plan, notify: running.run(plan, interrupted))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own
    assert main(["mutants", "--jobs", "1", "--mutant", "ResetBefore"]) == 130
    assert "interrupted: no score" in capsys.readouterr().out
    assert began == [1]
    assert not multiprocessing.active_children()
