"""A run while it lasts: a line for each implementation that ends, and never a long silence.

In a terminal each implementation has a progress bar. Elsewhere, as in every CI, a line says from time to time who is at
which case of how many.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ...common.printable import printable
from ...suite.runner import RunPlan, SuiteProcess, run_suite
from ..heartbeat import SECONDS
from ..progress import progress_bars
from ..result import Result, result_of
from . import WITH_RICH, Console, escape

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def run_and_watch(console: Console, plan: RunPlan) -> tuple[list[SuiteProcess], signal.Signals | None]:
    """Runs the plan, and shows how it goes."""
    jobs = min(plan.jobs, len(plan.implementations))
    console.print(
        f"{len(plan.implementations)} to check on {plan.device}, {jobs} at a time, the quickest first", highlight=False
    )
    with progress_bars(console, unit="cases") if WITH_RICH and console.is_terminal else nullcontext() as progress:
        return run_suite(plan, Watch(console, plan, progress))


class Watch:
    """Is called a few times a second with all processes of a run, those that wait and those that have ended too."""

    def __init__(
        self,
        console: Console,
        plan: RunPlan,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._device = plan.device
        self._bars = None if progress is None else Bars(progress)
        self._clock = clock
        self._began = self._spoke = clock()
        self._ended: list[SuiteProcess] = []

    def __call__(self, processes: Sequence[SuiteProcess]) -> None:
        for process in processes:
            if process.status is not None and process not in self._ended:
                process.read()  # what it wrote between the last look at its record and its end
                self._ended.append(process)
                self._say(f"[{len(self._ended)}/{len(processes)}] {ended_line(result_of(process, self._device))}")
        if self._bars is not None:
            self._bars.show(processes)
        elif self._clock() - self._spoke >= SECONDS:
            self._say(f"after {self._clock() - self._began:.0f} s: {running_line(processes)}")

    def _say(self, line: str) -> None:
        self._console.print(escape(line), highlight=False, soft_wrap=True)
        self._spoke = self._clock()


class Bars:
    """A progress bar for each implementation, from its start on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[SuiteProcess, TaskID] = {}

    def show(self, processes: Sequence[SuiteProcess]) -> None:
        """Brings the bars up to date; that of an implementation which has ended goes away, as a line tells of it."""
        for process in processes:
            if process.process is None:
                continue
            if process not in self._tasks:
                self._tasks[process] = self._progress.add_task(escape(printable(process.label)), total=None)
            task, (done, planned) = self._tasks[process], cases_of(process)
            self._progress.update(task, total=planned, completed=done, visible=process.status is None)


def cases_of(process: SuiteProcess) -> tuple[int, int | None]:
    """How many cases have been judged, and how many are planned, about; None where that is not known yet."""
    done = len(process.of_kind("case"))
    return done, next((max(start["planned"], done) for start in process.of_kind("start")), None)


def running_line(processes: Sequence[SuiteProcess]) -> str:
    """Who is at which case, and how many wait."""
    parts = []
    for process in processes:
        done, planned = cases_of(process)
        if process.process is not None and process.status is None:
            where = "is starting" if planned is None else f"at case {done:,} of about {planned:,}"
            parts.append(f"{printable(process.label)} {where}")
    waiting = sum(process.process is None for process in processes)
    return "; ".join([*parts, *([f"{waiting} wait"] if waiting else [])])


def ended_line(result: Result) -> str:
    """The verdict of one implementation in a line."""
    seconds = f"{result.name}: {result.verdict} after {result.seconds:.0f} s"
    if result.verdict == "not run":
        return f"{result.name}: not run: {result.why}"
    compared = f"{result.cases:,} cases, {result.numbers:,} numbers"
    if result.failures:
        return f"{seconds}: {len(result.failures)} tests fail; {compared}"
    worst = max(result.families.items(), key=lambda item: item[1]["worst"], default=None)
    return f"{seconds}: {compared}" + (f", at most {worst[1]['worst']:.2g} of its limit ({worst[0]})" if worst else "")
