"""``python -m conformance tolerance-study``: whether tolerances raise false alarms, how tight they are, what passes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ...common.arguments import count, folder, require_matplotlib
from ...power.tolerance_study import report
from ...power.tolerance_study.measuring import Study, study
from ...reporting.progress import progress_bars
from ...reporting.terminal import Console
from ..console import console_of
from ..interrupts import interrupt_on_sigint_and_sigterm
from ..options import add_implementation, add_jobs, add_json, add_plot, add_seed

_DTYPES = ("float64", "float32", "float16", "bfloat16")
_DEFAULT = ("torch", "keras-tensorflow", "keras-torch", "keras-jax", "onnxruntime", "oracle")


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    studies = commands.add_parser(
        "tolerance-study",
        help="draw many cases: false alarms, errors in units of their bounds, the smallest fault that is seen",
        description="Draws many random cases, judges implementations on them, and reports how large errors are in "
        "units of their bounds and how small a fault would be seen. Exit status 0 only without a false alarm.",
    )
    add_implementation(studies, default=", ".join(_DEFAULT))
    studies.add_argument(
        "--dtype", action="append", choices=_DTYPES, help=f"may be repeated (default: {' and '.join(_DTYPES[:2])})"
    )
    studies.add_argument(
        "--cases", type=count, default=1000, help="cases of each implementation and dtype (default: 1000)"
    )
    add_seed(studies)
    add_jobs(studies)
    studies.add_argument(
        "--alarms-only", action="store_true", help="look for false alarms only, not for faults; takes half of the time"
    )
    studies.add_argument(
        "--keep",
        type=folder,
        metavar="FOLDER",
        help="keep what is found in this folder; the same study with the same folder goes on where it was stopped",
    )
    add_json(studies, "the figures")
    add_plot(studies, "the distributions")
    studies.set_defaults(command=_study)


def _study(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        require_matplotlib()
    names, dtypes = parsed.implementation or _DEFAULT, parsed.dtype or _DTYPES[:2]
    wanted = [(name, dtype, parsed.cases) for name in dict.fromkeys(names) for dtype in dict.fromkeys(dtypes)]
    console = console_of(160)
    interrupt_on_sigint_and_sigterm()
    found = _watched(console, wanted, parsed)
    report.show(console, found)
    if parsed.json:
        report.write_json(parsed.json, found, parsed.seed)
    if parsed.plot:
        report.plot(parsed.plot, found)
    return 0 if report.passed(found) else 1


def _watched(console: Console, wanted: Sequence[tuple[str, str, int]], parsed: argparse.Namespace) -> list[Study]:
    """Makes the study with a progress bar for each part of it."""
    with progress_bars(console) as progress:
        bars = [progress.add_task(f"{name} {dtype}", total=count_) for name, dtype, count_ in wanted]

        def watch(studies: Sequence[Study]) -> None:
            for bar, one in zip(bars, studies, strict=True):
                progress.update(bar, completed=one.cases)

        return study(wanted, parsed.seed, parsed.jobs, watch, not parsed.alarms_only, parsed.keep)
