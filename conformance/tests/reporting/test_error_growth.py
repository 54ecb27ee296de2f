"""An error that grows inside its bound is seen against an earlier run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.commands.main import main
from conformance.reporting.error_growth import grown_errors
from conformance.reporting.json_report import FORMAT
from conformance.tests.support import command

SMALL = "conformance.tests.support.planted_failures:Small"


def result(**worst: float) -> Any:
    families = {family: {"worst": value} for family, value in worst.items()}
    return SimpleNamespace(name="somebody", device="cpu", families=families)


def test_a_worst_error_that_grew_tenfold_is_told_and_a_lesser_growth_is_not() -> None:
    earlier = {("somebody", "cpu"): {"outputs": 0.02, "state": 0.02, "gates": 0.0, "gradients": float("inf")}}
    now = result(outputs=0.21, state=0.19, gates=0.009, gradients=0.5, laws=0.9)
    assert [str(one) for one in grown_errors([now], earlier)] == ["somebody (cpu), outputs: 0.02 before, 0.21 now"]


def test_what_was_exact_and_is_no_more_has_grown() -> None:
    assert list(grown_errors([result(outputs=0.05)], {("somebody", "cpu"): {"outputs": 0.0}}))
    assert not list(grown_errors([result(outputs=0.05)], {("another", "cpu"): {"outputs": 0.0}}))


def test_a_run_is_compared_with_an_earlier_one(tmp_path: Path) -> None:
    file, run = tmp_path / "run.json", ("run", "--implementation", SMALL, "--cases", "12")
    status, said = command(*run, "--json", str(file))
    assert status == 0, said
    status, said = command(*run, "--since", str(file))
    assert (status, "grew tenfold or more: 0" in said) == (0, True), said
    content = json.loads(file.read_text())
    families = content["implementations"][0]["families"]
    families["outputs"]["worst"] /= 20
    file.write_text(json.dumps(content))
    status, said = command(*run, "--since", str(file))
    assert status == 1, said
    assert "small (cpu), outputs: " in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ("[]", "expected what run --json wrote"),
        (json.dumps({"format": FORMAT + 1, "implementations": []}), "was expected"),
        (json.dumps({"format": FORMAT, "implementations": [{"name": "x"}]}), "is a required property"),
    ],
)
def test_what_is_no_earlier_run_is_refused_before_anything_runs(
    content: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--implementation", SMALL, "--since", str(file)])
    printed = capsys.readouterr().err
    assert ended.value.code == 2
    assert "argument --since: " in printed
    assert said in printed
