"""``python -m conformance bench``: how fast the oracle is beside the frameworks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import chain
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...cases.workload import PASSES, TIMED_CELLS, Size, Work
from ...common.arguments import count, figure, output
from ...implementations.timing import ORACLE, TIMED
from ...power.benchmark import report
from ...power.benchmark.measuring import Result, bench, processors
from ...power.benchmark.work import GRID, GROWTH, works
from ...running.machine import machine
from ..arguments import timed
from ..console import console_of, interrupt_by_signals

_DTYPES = ("float64", "float32")


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    benches = commands.add_parser(
        "bench",
        help="time the oracle beside the frameworks",
        description="Times forward passes, alone and with all gradients, of the oracle and of each framework that is "
        "installed: every one in a process of its own, all in turn in each round, on the same threads. Whatever does "
        "not agree with the oracle within its bounds is not timed. Exit status 0 only if the oracle and one other ran.",
    )
    benches.add_argument(
        "--against",
        action="append",
        type=timed,
        metavar="NAME",
        help=f"{', '.join(name for name in TIMED if name != ORACLE)}, package.module:Class or file.py:Class with the "
        "protocol of conformance.implementations.timing; may be repeated (default: all of the names)",
    )
    benches.add_argument("--cell", action="append", choices=TIMED_CELLS, help="may be repeated (default: all)")
    benches.add_argument("--dtype", action="append", choices=_DTYPES, help="may be repeated (default: both)")
    benches.add_argument(
        "--pass",
        action="append",
        choices=PASSES,
        dest="passes",
        help="forward alone, or with all gradients; may be repeated (default: both)",
    )
    benches.add_argument(
        "--size",
        action="append",
        type=_size,
        metavar="TIME,BATCH,INPUT,HIDDEN",
        help="may be repeated (default: nine, from 1,1,4,4 to 200,128,64,512, and how time grows)",
    )
    benches.add_argument("--threads", type=count, default=processors(), help="of each (default: all processors)")
    benches.add_argument("--rounds", type=count, default=15, help="each times everyone once (default: 15)")
    benches.add_argument("--json", type=output, metavar="FILE", help="write every time that was measured")
    benches.add_argument("--plot", type=figure, metavar="FILE", help="draw the ratios; needs matplotlib")
    benches.set_defaults(command=_bench)


def _size(text: str) -> Size:
    """Four positive whole numbers."""
    parts = [count(part) for part in text.split(",")]
    if len(parts) != 4:
        raise argparse.ArgumentTypeError("four numbers are needed: TIME,BATCH,INPUT,HIDDEN")
    time, batch, input_, hidden = parts
    return time, batch, input_, hidden


def _bench(parsed: argparse.Namespace) -> int:
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the measuring, not after
    console = console_of(200)
    interrupt_by_signals()
    cells = list(dict.fromkeys(parsed.cell or TIMED_CELLS))
    names = [ORACLE, *dict.fromkeys(parsed.against or [name for name in TIMED if name != ORACLE])]
    dtypes, passes = (dict.fromkeys(given) for given in (parsed.dtype or _DTYPES, parsed.passes or PASSES))
    wanted = list(works(cells, dtypes, parsed.size or GRID, passes))
    grown = () if parsed.size else dict.fromkeys(chain.from_iterable(GROWTH.values()))
    curves = list(works(cells, ("float64",), grown, ("gradients",)))
    found, versions = _watched(console, wanted, names, parsed)
    complete = len(found) == len(wanted)
    growth = _watched(console, curves, [ORACLE], parsed)[0] if curves and complete else []
    report.show(console, found, growth)
    about = {"machine": machine(), "threads": parsed.threads, "rounds": parsed.rounds}
    if parsed.json:
        report.write_json(parsed.json, found, growth, versions, about)
    if parsed.plot:
        report.plot(parsed.plot, found, growth)
    complete = complete and len(growth) == len(curves)
    return 0 if complete and any(result.ratio(name) for result in found for name in names[1:]) else 1


def _watched(
    console: Console, wanted: Sequence[Work], names: Sequence[str], parsed: argparse.Namespace
) -> tuple[list[Result], Any]:
    """Measures with a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(", ".join(names), total=len(wanted))
        return bench(wanted, names, parsed.threads, parsed.rounds, lambda _: progress.advance(bar))
