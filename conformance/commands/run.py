"""``python -m conformance run``: check implementations and print a verdict."""

from __future__ import annotations

import argparse
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..common.arguments import count, output
from ..common.atomic import write_atomically
from ..common.schemas import why_unchecked
from ..implementations.finding import BUILT_IN, FRAMEWORKS
from ..reporting import error_growth as growth
from ..reporting import results as report
from ..reporting.terminal import Console, progress_on
from ..running import records as runs
from ..running.devices import why_no_cuda
from ..suite.runner import Job, Plan, run
from ..suite.session import PROFILES
from .arguments import implementation
from .console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "run",
        help="check implementations and print a verdict",
        description="Checks implementations against the oracle. Exit status 0 only if something was compared and "
        "nothing new diverged; what cannot run here is reported, and counts against an implementation that was named.",
    )
    parser.add_argument(
        "--implementation",
        action="append",
        type=implementation,
        metavar="NAME",
        help=f"{', '.join(BUILT_IN)}, package.module:Class or file.py:Class; may be repeated (default: all frameworks)",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cpu, and cuda said to be not run")
    parser.add_argument("--profile", choices=tuple(PROFILES), default="quick", help="how much is drawn")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument("--jobs", type=int, default=Plan.jobs, help="processes at a time (default: all cores)")
    parser.add_argument(
        "--profile-suite",
        action="store_true",
        help="tell where each process's time goes: in the framework's calls, in the oracle's bounds, in drawing, …",
    )
    parser.add_argument(
        "--cases", type=count, metavar="N", help="random cases of each implementation, not the profile's"
    )
    parser.add_argument("--json", type=output, metavar="FILE", help="write the whole result as JSON")
    parser.add_argument(
        "--record",
        nargs="?",
        type=output,
        const=runs.folder(),
        metavar="FILE",
        help="keep the same as evidence (default: by device and date, in fixtures/observations/runs)",
    )
    parser.add_argument("--junit", type=output, metavar="FILE", help="write JUnit XML")
    parser.add_argument(
        "--since",
        type=_earlier,
        metavar="FILE",
        help="what --json wrote before; where a worst error has grown tenfold since, even within its bound, "
        "that is told, and the exit status is 1",
    )
    parser.set_defaults(command=_run)


def _earlier(name: str) -> growth.Earlier:
    try:
        return growth.read(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(parsed: argparse.Namespace) -> int:
    device = parsed.device or "cpu"
    plan = Plan(
        tuple(parsed.implementation or FRAMEWORKS),
        device,
        parsed.profile,
        parsed.seed,
        max(parsed.jobs, 1),
        parsed.profile_suite,
        parsed.cases,
    )
    console = console_of(160)
    no_cuda = why_no_cuda()
    absent = {"schemas": why} if (why := why_unchecked()) else {}
    if device == "cuda" and no_cuda:
        console.print(f"cuda: not run: {no_cuda}")
        if parsed.json:
            write_atomically(
                parsed.json, runs.encoded(report.as_json([], {"cuda": no_cuda}, plan, 1, parsed.command_line))
            )
        return 1
    if parsed.device is None:
        absent["cuda"] = no_cuda or "a device is here, but was not asked for (--device cuda)"
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no process behind
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        try:
            jobs = _watched(console, plan, Path(folder))
        except KeyboardInterrupt:
            console.print("interrupted: no verdict")
            return 130
        results = [report.result_of(job, device) for job in jobs]
        status = report.exit_status(results, required=parsed.implementation is not None)
        report.show(console, results, absent)
        if parsed.since is not None:
            grown = list(growth.grown(results, parsed.since))
            console.print(f"\n[bold]Worst errors that grew tenfold or more: {len(grown)}[/]")
            for one in grown:
                console.print(f"  {one}", highlight=False)
            status = status or int(bool(grown))
        if parsed.json or parsed.record:
            content = report.as_json(results, absent, plan, status, parsed.command_line)
        if parsed.json:
            write_atomically(parsed.json, runs.encoded(content))
        if parsed.record:
            console.print(f"recorded in {runs.write(parsed.record, content)}", highlight=False)
        if parsed.junit:
            report.write_junit(parsed.junit, jobs)
    return status


def _watched(console: Console, plan: Plan, folder: Path) -> list[Job]:
    """Runs the plan with a progress bar for each implementation."""
    with progress_on(console) as progress:
        if progress is None:
            return run(plan, folder, lambda jobs: None)
        bars: dict[str, Any] = {}

        def watch(jobs: Sequence[Job]) -> None:
            for job in jobs:
                if job.name not in bars:
                    bars[job.name] = progress.add_task(job.label, total=None, start=False)
                if job.process is None:
                    continue
                bar, done = bars[job.name], len(job.of_kind("case"))
                if not progress.tasks[bar].started:
                    progress.start_task(bar)
                for start in job.of_kind("start"):
                    progress.update(bar, total=max(start["planned"], done))
                progress.update(bar, completed=done)
                if job.status is not None:
                    progress.update(bar, total=done)
                    progress.stop_task(bar)

        return run(plan, folder, watch)
