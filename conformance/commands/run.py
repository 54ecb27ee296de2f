"""``python -m conformance run``: check implementations and print a verdict."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..common.arguments import count, output_file, output_place, same_file
from ..common.atomic import write_atomically
from ..common.schemas import why_unchecked
from ..implementations.finding import BUILT_IN, FRAMEWORKS
from ..reporting.error_growth import EarlierErrors, EarlierMany, grown_errors, new_leanings, read_earlier_errors
from ..reporting.github import append_job_summary, print_annotations, workflow_commands_stopped
from ..reporting.html import require_packages, run_page
from ..reporting.json_report import as_json
from ..reporting.junit import write_junit
from ..reporting.result import Result, exit_status, result_of
from ..reporting.terminal import escape
from ..reporting.terminal.report import print_results
from ..reporting.terminal.watching import run_and_watch
from ..running.devices import why_no_cuda
from ..running.run_records import encoded_run_record, run_records_folder, write_run_record
from ..suite.runner import RunPlan, SuiteProcess
from ..suite.session import PROFILES
from ..upgrades.environments.compatibility import package_that_brings
from .arguments import argument_type
from .console import console_of, say
from .interrupts import ignore_interrupts, interrupt_once
from .options import add_call_timeout, add_implementation, add_jobs, add_json, add_seed


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "run",
        help="check implementations and print a verdict",
        description="Checks implementations against the oracle. Exit status 0 only if something was compared and "
        "nothing diverged beyond the known divergences. An implementation that cannot run here is reported with the "
        "reason; one that was named must run.",
    )
    add_implementation(parser, default="all frameworks")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        help="where implementations compute (default: cpu; cuda is listed as not run)",
    )
    parser.add_argument(
        "--profile", choices=tuple(PROFILES), default="quick", help="how many cases are drawn (default: quick)"
    )
    add_seed(parser)
    add_jobs(parser)
    parser.add_argument(
        "--profile-suite",
        action="store_true",
        help="report where the wall time of each process goes: the framework's calls, the oracle's bounds, drawing, …",
    )
    parser.add_argument(
        "--cases", type=count, metavar="N", help="random cases of each implementation (default: those of the profile)"
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="print every failure with its script, the options tried, all that was not run and why, and the known "
        "divergences",
    )
    add_call_timeout(parser)
    add_json(parser, "the whole result")
    parser.add_argument(
        "--record",
        nargs="?",
        type=output_place,
        const=run_records_folder(),
        metavar="FILE",
        help="keep the same JSON as evidence (default: a file named by device and date in fixtures/observations/runs)",
    )
    parser.add_argument(
        "--html", type=output_file, metavar="FILE", help="write a page that opens from disk; needs the extra report"
    )
    parser.add_argument("--junit", type=output_file, metavar="FILE", help="write the results as JUnit XML")
    parser.add_argument(
        "--since",
        type=argument_type(_earlier_errors),
        metavar="FILE",
        help="JSON of an earlier run: list the worst errors that have grown tenfold since, even within their bounds, "
        "and what all errors together do that they did not; exit with 1 if there is anything",
    )
    parser.set_defaults(command=_run)


def _earlier_errors(name: str) -> tuple[EarlierErrors, EarlierMany]:
    return read_earlier_errors(Path(name))


def _run(parsed: argparse.Namespace) -> int:
    device = parsed.device or "cpu"
    plan = RunPlan(
        tuple(parsed.implementation or FRAMEWORKS),
        device,
        parsed.profile,
        parsed.seed,
        parsed.jobs,
        parsed.profile_suite,
        parsed.cases,
        parsed.call_timeout,
    )
    if clash := same_file(parsed, "json", "junit", "html", "record"):
        print(f"run: {clash}", file=sys.stderr)
        return 2
    if parsed.html:
        require_packages()
    console = console_of(160)
    no_cuda = why_no_cuda()
    absent = {"schemas": why} if (why := why_unchecked()) else {}
    if device == "cuda" and no_cuda:
        say(console, f"cuda: not run: {no_cuda}")
        for line in _write_files(parsed, [], [], as_json([], {"cuda": no_cuda}, plan, 1, parsed.command_line)):
            say(console, line)
        return 1
    if parsed.device is None:
        absent["cuda"] = no_cuda or "a device is here, but was not asked for (--device cuda)"
    if parsed.implementation is None:
        absent |= runs_of_their_own()
    interrupt_once()
    processes, interrupted = run_and_watch(console, plan)
    ignore_interrupts()  # what is known is written, whatever comes
    results = [result_of(process, device) for process in processes]
    worst, many = parsed.since or ({}, {})
    grown, leaning = list(grown_errors(results, worst)), list(new_leanings(results, many))
    status = exit_status(results, required=parsed.implementation is not None) or int(bool(grown or leaning))
    partial = ""
    if interrupted is not None:
        status, partial = 128 + interrupted, f"interrupted by {interrupted.name}"
    written = _write_files(
        parsed, processes, results, as_json(results, absent, plan, status, parsed.command_line, partial)
    )
    with workflow_commands_stopped():
        print_results(console, results, absent, parsed.verbose)
    print_annotations(results)
    append_job_summary(results, absent)
    if parsed.since is not None:
        console.print(f"\n[bold]Worst errors that grew tenfold or more: {len(grown)}[/]")
        for one in grown:
            say(console, f"  {one}")
        console.print(f"[bold]What all errors do together, and did not before: {len(leaning)}[/]")
        for said in leaning:
            console.print(f"  {escape(said)}", highlight=False)
    for line in written:
        say(console, line)
    if partial:
        console.print(f"\n[bold red]{partial}: this is what was known by then[/]")
    return status


def _write_files(
    parsed: argparse.Namespace, processes: Sequence[SuiteProcess], results: Sequence[Result], content: dict[str, Any]
) -> list[str]:
    """Writes every file that is asked for, of a run that was interrupted or could not begin too; returns what is to be
    said of them."""
    partial, said = content.get("why_partial", ""), []
    nothing_ran = {} if content["implementations"] else content["not_run"]
    if parsed.json:
        write_atomically(parsed.json, encoded_run_record(content))
    if parsed.html:
        write_atomically(parsed.html, run_page(content))
    if parsed.junit:
        write_junit(parsed.junit, processes, results, partial, nothing_ran)
    if parsed.record and (partial or nothing_ran):
        said.append(f"not recorded: {'a partial run is no evidence' if partial else 'nothing was run'}")
    elif parsed.record:
        said.append(f"recorded in {write_run_record(parsed.record, content)}")
    return said


def runs_of_their_own() -> dict[str, str]:
    """Implementations that are run where they are named, as their packages are in no common environment: how."""
    found = {}
    for name, source in BUILT_IN.items():
        if source.only_when_named and source.how_to_install:
            package = package_that_brings(name)
            by_uv = f"python -m conformance with {package} -- run --implementation {name}"
            found[name] = f"is run by itself: {by_uv if package else source.how_to_install}"
    return found
