"""``python -m conformance tolerance-study``: whether tolerances cry wolf, how tight they are, what they let pass."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...common.arguments import count, figure, output
from ...implementations.finding import BUILT_IN
from ...power.tolerance_study import report
from ...power.tolerance_study.measuring import Study, study
from ...suite.runner import Plan
from ..arguments import implementation
from ..console import console_of, interrupt_by_signals

_DTYPES = ("float64", "float32", "float16", "bfloat16")
_DEFAULT = ("torch", "keras-tensorflow", "keras-torch", "keras-jax", "onnxruntime", "oracle")


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    studies = commands.add_parser(
        "tolerance-study",
        help="draw many cases: false alarms, error in units of its bound, least fault seen",
        description="Draws many random cases, judges implementations on them, and tells how large errors are in units "
        "of their bounds and how small a fault would be seen. Exit status 0 only without a false alarm.",
    )
    studies.add_argument(
        "--implementation",
        action="append",
        type=implementation,
        metavar="NAME",
        help=f"{', '.join(BUILT_IN)}, package.module:Class or file.py:Class; may be repeated "
        f"(default: {', '.join(_DEFAULT)})",
    )
    studies.add_argument("--dtype", action="append", choices=_DTYPES, help="may be repeated (default: the first two)")
    studies.add_argument("--cases", type=count, default=1000, help="of each implementation and dtype (default: 1000)")
    studies.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    studies.add_argument("--jobs", type=count, default=Plan.jobs, help="processes at a time (default: all cores)")
    studies.add_argument("--alarms-only", action="store_true", help="look for no faults: half of the time")
    studies.add_argument("--json", type=output, metavar="FILE", help="write the figures as JSON")
    studies.add_argument("--plot", type=figure, metavar="FILE", help="draw the distributions; needs matplotlib")
    studies.set_defaults(command=_study)


def _study(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the hours of measuring, not after
    names, dtypes = parsed.implementation or _DEFAULT, parsed.dtype or _DTYPES[:2]
    wanted = [(name, dtype, parsed.cases) for name in dict.fromkeys(names) for dtype in dict.fromkeys(dtypes)]
    console = console_of(160)
    interrupt_by_signals()
    found = _watched(console, wanted, parsed)
    report.show(console, found)
    if parsed.json:
        report.write_json(parsed.json, found, parsed.seed)
    if parsed.plot:
        report.plot(parsed.plot, found)
    return 0 if report.passed(found) else 1


def _watched(console: Console, wanted: Sequence[tuple[str, str, int]], parsed: argparse.Namespace) -> list[Study]:
    """Makes the study with a progress bar for each part of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = [progress.add_task(f"{name} {dtype}", total=count_) for name, dtype, count_ in wanted]

        def watch(studies: Sequence[Study]) -> None:
            for bar, one in zip(bars, studies, strict=True):
                progress.update(bar, completed=one.cases)

        return study(wanted, parsed.seed, parsed.jobs, watch, faults=not parsed.alarms_only)
