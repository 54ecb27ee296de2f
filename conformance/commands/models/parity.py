"""``python -m conformance parity``: whole models trained step for step beside the oracle."""

from __future__ import annotations

import argparse
from typing import Any

from ...common.arguments import count, require_matplotlib
from ...models.training.parity import IMPLEMENTATIONS, ParityReport, check_parity, plot, show, train_each
from ...models.training.tasks import TASKS
from ...reporting.progress import progress_bars
from ..console import console_of
from ..options import add_plot


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parity = commands.add_parser(
        "parity",
        help="train whole models step for step beside the oracle",
        description="Trains the same models from the same weights on the same batches in the oracle and in frameworks, "
        "and compares loss, gradients, optimizer state and parameters. It compares each step by itself, "
        "repeated from the framework's own state, and the whole path from the start. The tolerances are derived from "
        "the rounding of every operation; a ratio is the difference over its tolerance. Exit status 0 only if "
        "something was compared and all of it is within tolerance.",
    )
    parity.add_argument(
        "--implementation", action="append", choices=IMPLEMENTATIONS, help="default: all; may be repeated"
    )
    parity.add_argument("--task", action="append", choices=tuple(TASKS), help="default: all; may be repeated")
    parity.add_argument("--steps", type=count, default=50, help="optimizer steps to compare (default: 50)")
    parity.add_argument(
        "--curve", type=count, metavar="STEPS", help="train for so many steps and report how the models drift apart"
    )
    add_plot(parity, "the divergence curves")
    parity.set_defaults(command=_parity)


def _parity(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        require_matplotlib()

    names, tasks = tuple(parsed.implementation or IMPLEMENTATIONS), tuple(parsed.task or TASKS)
    console = console_of(160)
    parities, versions, not_run = [], {}, {}
    try:
        with progress_bars() as progress:
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
    lacking = parsed.implementation is not None and any(not_run.values())
    return 0 if found.holds and not lacking else 1
