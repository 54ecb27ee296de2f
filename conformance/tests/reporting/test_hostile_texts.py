"""Names and messages of a plug-in, whatever they hold, reach no terminal raw and fill no disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from conformance.running.run_records import read_run_record
from conformance.tests.support import command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a run of all of them printed, and the folder of its files."""
    folder = tmp_path_factory.mktemp("hostile")
    planted = "conformance.tests.support.planted_texts"
    names = [word for name in ("Hostile", "Unlike") for word in ("--implementation", f"{planted}:{name}")]
    files = ("--json", str(folder / "run.json"), "--junit", str(folder / "run.xml"))
    status, said = command("run", *names, *files, "--cases", "8")
    assert status == 1, said[-3000:]
    return said, folder


def test_no_escape_reaches_the_terminal_and_no_traceback(run: tuple[str, Path]) -> None:
    said, _ = run
    assert "Traceback" not in said, said
    assert {c for c in said if not c.isprintable()} <= {"\n"}
    assert len(said) < 200_000


def test_the_names_are_shown_as_they_are_with_escapes(run: tuple[str, Path]) -> None:
    said, _ = run
    assert "[/red]\\x1b[31m[/red]\\r\\u202e[bold\\x07" in said
    assert "3: agrees" in said


def test_json_and_junit_are_small_and_say_how_much_they_leave_out(run: tuple[str, Path]) -> None:
    _, folder = run
    for name in ("run.json", "run.xml"):
        text = (folder / name).read_text()
        assert len(text) < 1_000_000, f"{name}: {len(text):,} characters"
        assert "more characters are left out" in text
        assert "\x1b" not in text
    assert sum(suite.failures for suite in JUnitXml.fromfile(str(folder / "run.xml"))) > 5


def test_lists_that_grow_with_the_cases_are_bounded(run: tuple[str, Path]) -> None:
    found = {its["name"]: its for its in read_run_record(run[1] / "run.json")["implementations"]}
    unlike: dict[str, Any] = found["3"]
    assert unlike["verdict"] == "agrees"
    assert len(unlike["not_run"]) <= 101


def test_the_arithmetic_that_is_declared_is_in_the_record(run: tuple[str, Path]) -> None:
    arithmetics = [its["arithmetic"] for its in read_run_record(run[1] / "run.json")["implementations"]]
    assert arithmetics == [{"float32": "bfloat16"}, {}]
