"""A run while it lasts: each end is a line at once, and silence is broken after `SECONDS`."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.reporting.heartbeat import SECONDS, heartbeat
from conformance.reporting.progress import progress_bars, unfinished
from conformance.reporting.terminal.watching import Watch
from conformance.reporting.terminal.without_rich import PlainConsole
from conformance.suite.runner import RunPlan, SuiteProcess

PLAN = RunPlan(("slow", "quick", "waits"))


class Planted(SuiteProcess):
    """A process of a run that was never started: what it has told so far, and whether it runs or has ended."""

    status: Any = None

    def __init__(self, name: str, cases: int = 0, status: int | None = None, runs: bool = True) -> None:
        super().__init__(name)
        self.status, self.seconds = status, 7.0
        self.process: Any = object() if runs else None
        compared = {"families": {"outputs": {"numbers": 9, "worst": 0.25, "undecided": 0}}}
        case = {"event": "case", "dtype": "float64", "missing": {}, "known": [], "path": "", **compared}
        start = {"event": "start", "name": name, "versions": {}, "planned": 12, "valid": {}}
        end = {"event": "end", "collected": 1, "reported": 1}
        self.events = [start] * runs + [case] * cases + [end] * (status == 0)

    def read(self) -> None:
        """Reads nothing: there is no record."""


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_each_end_is_a_line_at_once_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch(PlainConsole(), PLAN)  # type: ignore[arg-type]  # the stand-in
    processes: Any = [Planted("slow", 3), Planted("quick", 4, status=0), Planted("waits", runs=False)]
    watch(processes)
    watch(processes)
    expected = "[1/3] quick: agrees after 7 s: 4 cases, 36 numbers, at most 0.25 of its limit (outputs)"
    assert lines_of(capsys) == [expected]


def test_silence_is_broken_by_who_is_at_which_case(capsys: pytest.CaptureFixture[str]) -> None:
    clock = SimpleNamespace(now=0.0)
    watch = Watch(PlainConsole(), PLAN, clock=lambda: clock.now)  # type: ignore[arg-type]
    processes: Any = [Planted("slow", 3), Planted("starts", runs=True), Planted("waits", runs=False)]
    processes[1].events = []
    spoken = []
    while clock.now < 100:
        watch(processes)
        spoken += [clock.now for _ in lines_of(capsys)]
        clock.now += 0.5
    assert spoken == [SECONDS, 2 * SECONDS, 3 * SECONDS, 4 * SECONDS]
    assert SECONDS < 30
    clock.now = 100
    watch(processes)
    assert lines_of(capsys) == ["after 100 s: slow at case 3 of about 12; starts is starting; 1 wait"]


def test_other_commands_tell_what_is_unfinished_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress, heartbeat(lambda: "beats", 0.01):
        progress.add_task("study", total=9, completed=2)
        progress.update(progress.add_task("done", total=9), completed=9)
        assert unfinished(progress) == "study 2 of 9"
        told = ""
        while "s: beats\n" not in told:
            time.sleep(0.01)
            told += capfd.readouterr().err
