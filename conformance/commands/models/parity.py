"""``python -m conformance parity``: whole models trained step for step beside the oracle."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...common.arguments import count, figure
from ...models.training.parity import IMPLEMENTATIONS, ParityReport, check_parity, plot, show, train_each
from ...models.training.tasks import TASKS
from ..console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parity = commands.add_parser(
        "parity",
        help="train whole models step for step beside the oracle",
        description="Trains the same models from the same weights on the same batches in the oracle and in frameworks, "
        "and compares loss, gradients, optimizer state and parameters: each step by itself, made again from the "
        "framework's own state, and the whole path from the start, both against tolerances derived from the rounding "
        "of every operation. Ratios are of difference to tolerance. Exit status 0 only if something was compared and "
        "all of it is within tolerance.",
    )
    parity.add_argument(
        "--implementation", action="append", choices=IMPLEMENTATIONS, help="default: all; may be repeated"
    )
    parity.add_argument("--task", action="append", choices=tuple(TASKS), help="default: all; may be repeated")
    parity.add_argument("--steps", type=count, default=50, help="optimizer steps to compare (default: 50)")
    parity.add_argument("--curve", type=count, metavar="STEPS", help="train so far and report the drift")
    parity.add_argument("--plot", type=figure, metavar="FILE", help="draw the divergence curves; needs matplotlib")
    parity.set_defaults(command=_parity)


def _parity(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the minutes of training, not after

    names, tasks = tuple(parsed.implementation or IMPLEMENTATIONS), tuple(parsed.task or TASKS)
    console = console_of(160)
    parities, versions, not_run = [], {}, {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("training", total=len(names) * (len(tasks) + 1))
            for name, answer in train_each(names, tasks, max(parsed.steps, parsed.curve or 0)):
                versions[name], not_run[name] = answer.versions, answer.not_run
                progress.update(bar, advance=1 + len(answer.not_run))
                for task in answer.traces:
                    progress.update(bar, description=f"{name}: {task}")
                    parities.append(check_parity(name, answer, task, parsed.steps))
                    progress.update(bar, advance=1)
    except KeyboardInterrupt:
        console.print("interrupted: no verdict")
        return 130
    found = ParityReport(parities, versions, not_run)
    show(console, found)
    if parsed.plot and parities:
        plot(found, parsed.plot)
    asked = parsed.implementation is not None and any(not_run.values())
    return 0 if found.holds and not asked else 1
