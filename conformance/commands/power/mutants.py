"""``python -m conformance mutants``: how much the suite catches."""

from __future__ import annotations

import argparse
import difflib
import os
import signal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...common.arguments import count, figure, output
from ...power.mutants import MUTANTS
from ...power.mutants.running import Plan, Score, run
from ...power.mutants.score import plot, show, write_json
from ..console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    mutants = commands.add_parser(
        "mutants",
        help="run the suite against wrong implementations, and print what it catches",
        description="Runs the quick profile against implementations that are wrong on purpose, each in one way, and "
        "against correct ones written differently. Exit status 0 only if every wrong one is caught and no correct one.",
    )
    mutants.add_argument(
        "--mutant",
        action="append",
        type=_mutant,
        metavar="NAME",
        help="default: all, and the correct ones; may be repeated",
    )
    mutants.add_argument("--faint", action="store_true", help="blend the forward faults in faintly too; takes longer")
    cores = os.cpu_count() or 1
    mutants.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    mutants.add_argument("--jobs", type=count, default=cores, help="processes at a time (default: all cores)")
    mutants.add_argument("--json", type=output, metavar="FILE", help="write the whole score as JSON")
    mutants.add_argument("--plot", type=figure, metavar="FILE", help="draw the faint faults' score; needs matplotlib")
    mutants.set_defaults(command=_mutants)


def _mutant(name: str) -> str:
    if name not in MUTANTS:
        near = difflib.get_close_matches(name, MUTANTS, 3, 0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise argparse.ArgumentTypeError(f"no mutant {name!r}{hint}")
    return name


def _mutants(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the minutes of running, not after

    names = tuple(dict.fromkeys(parsed.mutant or MUTANTS))
    plan = Plan(names, parsed.mutant is None, bool(parsed.faint or parsed.plot), parsed.seed, parsed.jobs)
    console = console_of(220)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no process behind
    try:
        score = _watched(plan)
    except KeyboardInterrupt:
        console.print("interrupted: no score")
        return 130
    show(console, score, plan)
    if parsed.json:
        write_json(parsed.json, score, plan)
    if parsed.plot:
        plot(score, parsed.plot)
    return 0 if score.passed else 1


def _watched(plan: Plan) -> Score:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("mutants", total=plan.tasks)
        return run(plan, lambda name: progress.update(bar, advance=1, description=name))
