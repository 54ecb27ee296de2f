"""``python -m conformance upgrade OLD NEW``: what moves when a framework is upgraded."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...common.temporary import temporary_folder
from ...reporting.progress import progress_lines
from ...reporting.terminal import Console
from ...running.processes import KeptProcess, subprocess_environment
from ...upgrades.environments.compatibility import EnvironmentPlan, NoEnvironmentKnown, listed_package, plan_pair
from ...upgrades.environments.uv import UvFailed
from ...upgrades.observations.record import SUFFIX
from ..arguments import implementation, release
from ..console import console_of, say
from ..interrupts import interrupt_on_sigterm
from ..options import add_fail_on, add_json
from .environment_options import add_environment_options, companions_given, pinned

_CORES = os.cpu_count() or 1
_PATIENCE = 20.0  # seconds in which a process that was asked to end may end its own processes


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "upgrade",
        help="build two releases of a framework, record both, and print what moved",
        description="Builds an environment for each of the two releases, with the same companion packages where that "
        "is possible, records what each computes, and prints the difference. Exit status: that of `diff`, or 1 where "
        "an implementation could not be recorded, or 2 where an environment cannot be built.",
        epilog="example: %(prog)s torch==2.6.0 torch==2.13.0",
    )
    parser.add_argument("old", type=release, metavar="OLD", help="the old release, as keras==3.9.2")
    parser.add_argument(
        "new", type=release, metavar="NEW", help="the new release, as keras==3.15.1, or as keras for the newest"
    )
    parser.add_argument(
        "--implementation",
        action="append",
        default=[],
        type=implementation,
        metavar="NAME",
        help="an implementation to record; may be repeated (default: those that use the package)",
    )
    add_environment_options(parser)
    add_json(parser, "the difference")
    add_fail_on(parser)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the two records in this folder")
    parser.set_defaults(command=_upgrade)


class ReleaseRecording(KeptProcess):
    """The process of one release: it builds the environment, then records what the release computes."""

    def __init__(self, plan: EnvironmentPlan, beside: EnvironmentPlan, folder: Path, more: Sequence[str]) -> None:
        super().__init__()
        self.record = folder / f"{plan.requirement}{SUFFIX}"
        self.plan = plan
        names = plan.implementations
        self._command = [
            *(sys.executable, "-m", "conformance", "with", plan.requirement, "--beside", beside.requirement),
            *("--python", plan.python, *_each("--for", names), *_each("--with", more)),
            *("--", "record", str(self.record), *_each("--implementation", names)),
            *("--jobs", str(max(1, _CORES // 2))),
        ]

    def start(self) -> None:
        """Starts it."""
        self.launch(self._command, subprocess_environment(PYTHONUNBUFFERED="1"))

    def end(self) -> None:
        """Ends it in a way that lets it end its own processes."""
        if self.process is not None and self.status is None:
            self.process.terminate()
            try:
                self.process.wait(_PATIENCE)
            finally:
                self.stop()


def _upgrade(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    interrupt_on_sigterm()
    if listed_package(parsed.old) != listed_package(parsed.new):
        say(console, f"upgrade: expected two releases of one package, got {parsed.old} and {parsed.new}")
        return 2
    try:
        more = companions_given(parsed)
        old, new = (pinned(parsed, one) for one in (parsed.old, parsed.new))
        plans = plan_pair(old, new, more, parsed.implementation, parsed.python)
    except (NoEnvironmentKnown, UvFailed) as error:
        say(console, f"upgrade: {error}")
        return 2
    if old == new:
        say(console, f"upgrade: both are {old}")
        return 2
    with temporary_folder("conformance-upgrade-") as temporary:
        folder = parsed.keep or temporary
        folder.mkdir(parents=True, exist_ok=True)
        recordings = [ReleaseRecording(plan, other, folder, more) for plan, other in (plans, plans[::-1])]
        try:
            _run_with_progress(console, recordings)
        except KeyboardInterrupt:
            console.print("interrupted: nothing was compared")
            return 130
        finally:
            for one in recordings:
                one.end()
        return max(_difference(console, recordings, parsed), *(min(one.status or 0, 2) for one in recordings))


def _run_with_progress(console: Console, recordings: Sequence[ReleaseRecording]) -> None:
    """Runs both to their ends, and shows the last line that each has printed."""
    started = time.monotonic()
    with progress_lines() as progress:
        tasks = [progress.add_task(one.plan.requirement, total=None, line="") for one in recordings]
        for one in recordings:
            say(console, str(one.plan))
            one.start()
        running = set(recordings)
        while running:
            time.sleep(0.2)
            for one, task in zip(recordings, tasks, strict=True):
                progress.update(task, line="".join(one.log_tail[-1:])[:100])
                if one in running and one.status is not None:
                    running.remove(one)
                    progress.stop_task(task)
                    took = time.monotonic() - started
                    done = f"built and recorded in {took:.0f} s" if one.record.exists() else "not recorded"
                    say(console, f"{one.plan.requirement}: {done}")


def _difference(console: Console, recordings: Sequence[ReleaseRecording], parsed: argparse.Namespace) -> int:
    """Prints the `diff` of the two records, and the log of each process that failed."""
    from ..main import main  # which imports this module

    for one in recordings:
        if one.status:
            say(console, one.printed.strip())
    if not all(one.record.exists() for one in recordings):
        return 2
    options = ["--fail-on", parsed.fail_on, *(["--json", str(parsed.json)] if parsed.json else [])]
    return main(["diff", *(str(one.record) for one in recordings), *options])


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
