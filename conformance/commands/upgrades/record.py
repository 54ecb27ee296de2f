"""``python -m conformance record FILE``: keep what the installed frameworks compute, bit for bit."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...common.arguments import output_file
from ...implementations.finding import FRAMEWORKS
from ...reporting.progress import progress_bars
from ...reporting.terminal import Console
from ...upgrades.observations.record import SUFFIX, Observation, Record, write_record
from ...upgrades.observations.recording import ImplementationRecorder, record_implementations
from ..console import console_of, say
from ..interrupts import interrupt_on_sigterm
from ..options import add_call_timeout, add_implementation, add_jobs


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "record",
        help="keep what the installed frameworks compute, bit for bit",
        description="Asks implementations a fixed corpus of cases and writes their answers to a file, which `diff` "
        "compares with that of another version. Exit status 0 only if every implementation that was named ran, and "
        "none raised in every case.",
    )
    parser.add_argument(
        "file", type=_record_file, metavar="FILE", help=f"the file to write; its name ends with {SUFFIX}"
    )
    add_implementation(parser, default="all frameworks that are installed")
    add_jobs(parser)
    add_call_timeout(parser)
    parser.set_defaults(command=_record)


def _record_file(name: str) -> Path:
    if not name.endswith(SUFFIX):
        raise argparse.ArgumentTypeError(f"a name that ends with {SUFFIX} is needed, got {Path(name).name}")
    return output_file(name)


def _record(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    interrupt_on_sigterm()
    try:
        names = tuple(dict.fromkeys(parsed.implementation or FRAMEWORKS))
        found = _record_with_progress(console, names, parsed.jobs, parsed.call_timeout)
    except KeyboardInterrupt:
        console.print("interrupted: nothing was written")
        return 130
    answered = [one for one in found if one.answers]
    for one in found:
        if one.not_run:
            say(console, f"{one.implementation}: not run: {one.not_run}")
    if not answered:
        console.print("nothing was recorded")
        return 1
    kept = found if parsed.implementation else answered
    write_record(parsed.file, kept)
    for one in answered:
        say(console, f"{one.label}: {len(one.answers)} cases, {_raised(one)} raised")
    say(console, f"{parsed.file}: {parsed.file.stat().st_size / 1024:.0f} KiB")
    return 1 if any(one.not_run or _raised(one) == len(one.answers) for one in kept) else 0


def _raised(one: Observation) -> int:
    return sum(answer.raised is not None for answer in one.answers)


def _record_with_progress(console: Console, names: Sequence[str], jobs: int, call_timeout: float) -> Record:
    """Records the implementations, with a progress bar for each."""
    with progress_bars(console) as progress:
        bars = [progress.add_task(name, total=None) for name in names]

        def watch(recorders: Sequence[ImplementationRecorder]) -> None:
            for bar, one in zip(bars, recorders, strict=True):
                progress.update(bar, total=one.questions or None, completed=len(one.answers))

        return record_implementations(names, jobs, watch, call_timeout)
