"""Runs the suite against several implementations at once, each in a process of its own.

Keras fixes its backend when it is imported and a framework may crash, so no two implementations share a process. Each
process appends events to its record (`session`), and this one reads the records as they grow.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..implementations.finding import source_of
from ..running.forking import Forker
from ..running.processes import ON_GPU, ONE_THREAD, WITHOUT_GPU, RecordedProcess, poll_until_done
from .call_limit import seconds_between_signs
from .events import EVENTS

_UNTIL_FIRST = 120.0  # seconds for Python, pytest and our own modules, before anything of the implementation's
_PACKAGE = Path(__file__).parents[1]
_PRELOADED = f"{__package__}.preloaded"
_FEW = 2
_PYTESTS_OWN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
"""What a shell tells pytest could leave out tests, or the plug-in that draws cases."""


@dataclass(frozen=True)
class RunPlan:
    """What to run: implementations by name, the device, the profile, the seed, and how many processes at a time.

    amount          the name of a profile: ``quick`` or ``thorough``
    profile_suite   whether each process keeps accounts of its time (`conformance.running.profiling`)
    cases           the number of random cases of each implementation; None: that of the profile
    call_timeout    the seconds that a call may take
    """

    implementations: tuple[str, ...]
    device: str = "cpu"
    amount: str = "quick"
    seed: int = 0
    jobs: int = os.cpu_count() or 1
    profile_suite: bool = False
    cases: int | None = None
    call_timeout: float = 120.0


class SuiteProcess(RecordedProcess):
    """The process that runs the suite against one implementation, and the events of its record so far."""

    def __init__(self, name: str) -> None:
        super().__init__(EVENTS)
        self.name = name
        self.asked = ""
        """What it was asked last."""
        self.heard = self._ended = 0.0
        self.silent = 0.0
        """For how many seconds it was not heard of when it was ended for that; 0 where it was not."""
        self.was_cut = False
        """Whether the run ended before it did."""
        self.started = 0.0
        self.seconds = 0.0
        self.events: list[dict[str, Any]] = []

    @property
    def label(self) -> str:
        """The name; a plug-in's without its folders or packages."""
        where, colon, made = self.name.rpartition(":")
        return (Path(where).stem if where.endswith(".py") else where.rpartition(".")[2]) + colon + made

    def read(self) -> None:
        """Reads the record's new events."""
        for event in self.new_events():
            self.heard, kind = time.monotonic(), event["event"]
            if kind == "call":
                self.asked = event["what"]
            elif kind != "alive":
                self.events.append(event)
                self._ended = self.heard if kind == "end" else self._ended
        if self.spoiled:
            self.stop()

    def end_if_silent(self, limit: float) -> None:
        """Ends it where it has not been heard of for longer than a process with that limit of a call may be silent."""
        most = _UNTIL_FIRST + limit if not self.heard else 2 * limit + seconds_between_signs(limit)
        silent = time.monotonic() - (self.heard or self.started) > most
        if self._ended and time.monotonic() - self._ended > limit:  # something keeps the interpreter from its end
            silent, most = True, limit
        if silent and self.status is None:
            self.silent = most
            self.stop()

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def start(self, plan: RunPlan, forker: Forker | None = None) -> None:
        """Starts it; with a forker from what that has imported."""
        command = [
            *(sys.executable, "-m", "pytest", str(_PACKAGE / "suite"), "-q", "-c", os.devnull),
            "--capture=no",  # so that the log has the last words of a framework that dies
            "--assert=plain",  # nothing of the suite asserts: it raises what it has to say
            *("--rootdir", str(_PACKAGE), "-p", "no:cacheprovider", "-W", "ignore"),
            *("--implementation", self.name, "--device", plan.device, "--amount", plan.amount),
            *("--call-timeout", str(plan.call_timeout)),
            *(("--cases", str(plan.cases)) if plan.cases else ()),
            *("--record", str(self.record), f"--hypothesis-seed={plan.seed}"),
            *(("-p", "conformance.running.profiling.plugin") if plan.profile_suite else ()),
        ]
        environment = os.environ | ONE_THREAD | dict(source_of(self.name).environment)
        environment |= WITHOUT_GPU if plan.device == "cpu" else ON_GPU
        for name in _PYTESTS_OWN:
            environment.pop(name, None)
        self.started = time.monotonic()
        self.launch(command, environment, forker)


def run_suite(
    plan: RunPlan, watch: Callable[[Sequence[SuiteProcess]], None]
) -> tuple[list[SuiteProcess], signal.Signals | None]:
    """Runs the plan to its end, calling ``watch`` a few times a second; returns the processes.

    A `KeyboardInterrupt` stops them, and what is known of them is in their events; then the signal comes too.
    """
    processes = [SuiteProcess(name) for name in plan.implementations]
    forker = Forker([_PRELOADED], os.environ | ONE_THREAD) if _forks(plan) else None
    try:
        waiting = deque(start_order(processes, plan.jobs))
        for running in poll_until_done(waiting, plan.jobs, lambda process: process.start(plan, forker)):
            for process, _ in running:
                process.read()  # which takes as long as there is more to read
                process.seconds = time.monotonic() - process.started
                process.end_if_silent(plan.call_timeout)
            watch(processes)
    except KeyboardInterrupt as error:
        for process in processes:
            process.was_cut = process.status is None
        return processes, signal.Signals(error.args[0] if error.args else signal.SIGINT)
    finally:
        for process in processes:
            process.stop()
            process.read()
        if forker is not None:
            forker.end()
    return processes, None


def _forks(plan: RunPlan) -> bool:
    """Whether processes are forked: on Linux alone, as elsewhere libraries may hold threads when they are imported.

    One or two gain nothing; and where each keeps accounts of its time, imports are among them.
    """
    return sys.platform == "linux" and len(plan.implementations) > _FEW and not plan.profile_suite


def start_order(processes: Sequence[SuiteProcess], jobs: int) -> list[SuiteProcess]:
    """The quickest first, so that a verdict stands soon; then, where several run at a time, the slowest first.

    So the slowest do not end alone. Where one runs after another, the order changes nothing but who waits.
    """
    by_seconds = sorted(processes, key=lambda process: source_of(process.name).seconds)
    return by_seconds if jobs == 1 else [*by_seconds[:1], *reversed(by_seconds[1:])]
