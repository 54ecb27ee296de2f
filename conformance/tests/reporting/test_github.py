"""On GitHub a run adds to the job's summary and annotates its failures; nothing that a plug-in says is a command."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from conformance.reporting.github import append_job_summary, print_annotations, workflow_commands_stopped
from conformance.tests.support import HERE, command

from .test_terminal_report import ABSENT, FAILURES, MANY, result

INJECTED = "it disagrees\n  case\n  raised ValueError: 100%\n::set-output name=a::b\r\n<b>|`"
FAILING = [*MANY[:2], result("a|b:c,d", "DIVERGES", failures=FAILURES | {"test_x": INJECTED})]


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the job's summary goes to; as in a step of a workflow."""
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    return path


def test_the_summary_has_the_five_lines_a_row_for_each_and_the_failures(summary: Path) -> None:
    summary.write_text("of another step\n")
    append_job_summary(FAILING, ABSENT)
    lines = summary.read_text().splitlines()
    assert lines[0] == "of another step"
    assert sum(line.startswith("- ") for line in lines) == 5
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 2 + len(FAILING)
    assert {row.count("|") for row in rows} == {9}, "a plug-in's name adds a column"
    assert any("a&#124;b:c,d" in row and "DIVERGES" in row for row in rows)
    assert sum(line.startswith("<details>") for line in lines) == 4
    assert not any(line.startswith(("<b>", "::")) for line in lines)


def test_each_kind_of_failure_is_one_annotation_of_one_line(summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_annotations(FAILING)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("::error title=a|b%3Ac%2Cd%3A ") for line in lines), lines
    assert any(line.endswith("raised ValueError: 100%25%0A::set-output name=a::b%0D%0A<b>|`") for line in lines)


def test_a_run_that_crashed_is_an_annotation_too(summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_annotations(MANY)
    assert capsys.readouterr().out == "::error title=crashes%3A CRASHED::status 86\n"


def test_elsewhere_nothing_is_annotated_or_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    with workflow_commands_stopped():
        append_job_summary(FAILING, ABSENT)
    print_annotations(FAILING)
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.iterdir())


def test_commands_are_stopped_while_others_texts_are_printed(summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(KeyboardInterrupt), workflow_commands_stopped():
        print("::error::planted")
        raise KeyboardInterrupt
    stop, planted, go_on = capsys.readouterr().out.splitlines()
    assert planted == "::error::planted"
    token = stop.removeprefix("::stop-commands::")
    assert len(token) >= 32
    assert go_on == f"::{token}::"


def test_a_run_in_a_workflow_writes_both(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    failing = f"{HERE / 'planted_failures.py'}:Silent"
    status, said = command(
        *("run", "--implementation", failing, "--cases", "4"),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(path),
    )
    assert status == 1
    assert any(line.startswith("::error title=silent%3A nothing was compared") for line in said.splitlines()), said
    assert "| silent (cpu) | DIVERGES |" in path.read_text()
