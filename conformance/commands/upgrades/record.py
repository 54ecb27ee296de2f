"""``python -m conformance record FILE``: keep what the installed frameworks compute, bit for bit."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...common.arguments import count, output
from ...implementations.finding import BUILT_IN, FRAMEWORKS
from ...suite.runner import Plan
from ...upgrades.observations.record import SUFFIX, Observation, Record, write
from ...upgrades.observations.recording import Asked, record_of
from ..arguments import implementation
from ..console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    records = commands.add_parser(
        "record",
        help="keep what the installed frameworks compute, bit for bit",
        description="Puts a fixed corpus of cases to implementations and writes what they answer to a file, for `diff` "
        "to compare with another version's. Exit status 0 only if every implementation that was named was asked, and "
        "none raised in every case.",
    )
    records.add_argument("file", type=output, metavar="FILE", help=f"what to write; its name ends with {SUFFIX}")
    records.add_argument(
        "--implementation",
        action="append",
        type=implementation,
        metavar="NAME",
        help=f"{', '.join(BUILT_IN)}, package.module:Class or file.py:Class; may be repeated (default: what is here)",
    )
    records.add_argument("--jobs", type=count, default=Plan.jobs, help="processes at a time (default: all cores)")
    records.set_defaults(command=_record)


def _record(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no process behind
    try:
        found = _watched(console, tuple(dict.fromkeys(parsed.implementation or FRAMEWORKS)), parsed.jobs)
    except KeyboardInterrupt:
        console.print("interrupted: nothing was written")
        return 130
    asked = [one for one in found if one.answers]
    for one in found:
        if one.not_run:
            console.print(f"{one.implementation}: not run: {one.not_run}", highlight=False, markup=False)
    if not asked:
        console.print("nothing was recorded")
        return 1
    kept = found if parsed.implementation else asked
    write(parsed.file, kept)
    for one in asked:
        console.print(f"{one.label}: {len(one.answers)} cases, {_raised(one)} raised", highlight=False)
    console.print(f"{parsed.file}: {parsed.file.stat().st_size / 1024:.0f} KiB", highlight=False)
    return 1 if any(one.not_run or _raised(one) == len(one.answers) for one in kept) else 0


def _raised(one: Observation) -> int:
    return sum(answer.raised is not None for answer in one.answers)


def _watched(console: Console, names: Sequence[str], jobs: int) -> Record:
    """Records with a progress bar for each implementation."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = [progress.add_task(name, total=None) for name in names]

        def watch(everyone: Sequence[Asked]) -> None:
            for bar, one in zip(bars, everyone, strict=True):
                progress.update(bar, total=one.questions or None, completed=len(one.answers))

        return record_of(names, jobs, watch)
