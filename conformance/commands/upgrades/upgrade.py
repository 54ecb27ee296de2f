"""``python -m conformance upgrade OLD NEW``: what moves when a framework is upgraded."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ...common.arguments import output
from ...running.processes import Recorded, environment
from ...upgrades.environments import partners, uv
from ...upgrades.environments.partners import Plan
from ...upgrades.observations.answers import SEVERITIES
from ...upgrades.observations.record import SUFFIX
from ..arguments import implementation, release
from ..console import console_of
from . import with_release as within

_CORES = os.cpu_count() or 1
_PATIENCE = 20.0


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    upgrade = commands.add_parser(
        "upgrade",
        help="what moves from one release of a framework to another, from nothing",
        description="Builds an environment for each of the two releases, with the same partners where that can be; "
        "records what each computes, and prints the difference. Exit status: that of `diff`, or 1 where an "
        "implementation could not be recorded, or 2 where an environment cannot be built.",
        epilog="example: %(prog)s torch==2.6.0 torch==2.13.0",
    )
    upgrade.add_argument("old", type=release, metavar="OLD", help="as keras==3.9.2")
    upgrade.add_argument("new", type=release, metavar="NEW", help="as keras==3.15.1; keras: the newest")
    upgrade.add_argument(
        "--implementation",
        action="append",
        default=[],
        type=implementation,
        metavar="NAME",
        help="default: those that the package is known through; may be repeated",
    )
    within.add_options(upgrade)
    upgrade.add_argument("--json", type=output, metavar="FILE", help="write the difference as JSON")
    upgrade.add_argument("--fail-on", choices=(*SEVERITIES[1:], "never"), default="behaviour", help="as of `diff`")
    upgrade.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the two records there")
    upgrade.set_defaults(command=_upgrade)


class Recording(Recorded):
    """One release's process: it builds the environment, then records."""

    def __init__(self, plan: Plan, beside: Plan, folder: Path, more: Sequence[str]) -> None:
        super().__init__(folder / f"{plan.requirement}{SUFFIX}", folder / f"{plan.requirement}.log")
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
        self.begin(self._command, environment(PYTHONUNBUFFERED="1"))

    def end(self) -> None:
        """Ends it, in a way that lets it end its own processes."""
        if self.process is not None and self.status is None:
            self.process.terminate()
            try:
                self.process.wait(_PATIENCE)
            finally:
                self.stop()


def _upgrade(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no process behind
    if partners.known(parsed.old) != partners.known(parsed.new):
        console.print(f"upgrade: expected two releases of one package, got {parsed.old} and {parsed.new}")
        return 2
    try:
        more = within.more_of(parsed)
        old, new = (within.pinned(parsed, one) for one in (parsed.old, parsed.new))
        plans = partners.pair(old, new, more, parsed.implementation, parsed.python)
    except (partners.NoSet, uv.UvFailed) as error:
        console.print(f"upgrade: {error}", highlight=False, markup=False)
        return 2
    if old == new:
        console.print(f"upgrade: both are {old}")
        return 2
    with tempfile.TemporaryDirectory(prefix="upgrade-") as temporary:
        folder = parsed.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        recordings = [Recording(plan, other, folder, more) for plan, other in (plans, plans[::-1])]
        try:
            _watched(console, recordings)
        except KeyboardInterrupt:
            console.print("interrupted: nothing was compared")
            return 130
        finally:
            for one in recordings:
                one.end()
        return max(_difference(console, recordings, parsed), *(min(one.status or 0, 2) for one in recordings))


def _watched(console: Console, recordings: Sequence[Recording]) -> None:
    """Runs both to their ends, with the last line that each says."""
    columns = (TextColumn("{task.description}"), TimeElapsedColumn(), TextColumn("{task.fields[said]}", markup=False))
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = [progress.add_task(one.plan.requirement, total=None, said="") for one in recordings]
        for one in recordings:
            console.print(str(one.plan), highlight=False, markup=False)
            one.start()
        running = set(recordings)
        while running:
            time.sleep(0.2)
            for one, bar in zip(recordings, bars, strict=True):
                progress.update(bar, said="".join(one.last_lines[-1:])[:100])
                if one in running and one.status is not None:
                    running.remove(one)
                    progress.stop_task(bar)
                    took = time.monotonic() - started
                    done = f"built and recorded in {took:.0f} s" if one.record.exists() else "not recorded"
                    console.print(f"{one.plan.requirement}: {done}", highlight=False)


def _difference(console: Console, recordings: Sequence[Recording], parsed: argparse.Namespace) -> int:
    """The diff of the two records; what went wrong where one is not there."""
    from ..main import main  # which imports this module

    for one in recordings:
        if one.status:
            console.print(one.log.read_text(errors="replace").strip(), highlight=False, markup=False)
    if not all(one.record.exists() for one in recordings):
        return 2
    options = ["--fail-on", parsed.fail_on, *(["--json", str(parsed.json)] if parsed.json else [])]
    return main(["diff", *(str(one.record) for one in recordings), *options])


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
