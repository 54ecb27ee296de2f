"""``python -m conformance mutants``: how much the suite catches."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from ...common.arguments import require_matplotlib
from ...power.mutants import MUTANTS
from ...power.mutants.running import Plan, Score, run
from ...power.mutants.score import plot, show, write_json
from ...reporting.progress import progress_bars
from ..console import console_of
from ..interrupts import interrupt_on_sigterm
from ..options import add_jobs, add_json, add_plot, add_seed


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
        help="may be repeated (default: all, and the correct ones)",
    )
    mutants.add_argument(
        "--faint", action="store_true", help="also try the forward faults blended in faintly; takes longer"
    )
    add_seed(mutants)
    add_jobs(mutants)
    add_json(mutants, "the whole score")
    add_plot(mutants, "the faint faults' score")
    mutants.set_defaults(command=_mutants)


def _mutant(name: str) -> str:
    if name not in MUTANTS:
        near = difflib.get_close_matches(name, MUTANTS, 3, 0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise argparse.ArgumentTypeError(f"no mutant {name!r}{hint}")
    return name


def _mutants(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        require_matplotlib()

    names = tuple(dict.fromkeys(parsed.mutant or MUTANTS))
    plan = Plan(names, parsed.mutant is None, bool(parsed.faint or parsed.plot), parsed.seed, parsed.jobs)
    console = console_of(220)
    interrupt_on_sigterm()
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
    with progress_bars() as progress:
        bar = progress.add_task("mutants", total=plan.tasks)
        return run(plan, lambda name: progress.update(bar, advance=1, description=name))
