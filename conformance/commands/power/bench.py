"""``python -m conformance bench``: how fast the oracle is beside the frameworks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import chain
from typing import Any

from ...cases.workload import PASSES, TIMED_CELLS, Size, Work
from ...common.arguments import count, output_file, require_matplotlib
from ...implementations.timing import ORACLE, TIMED
from ...power.benchmark import report
from ...power.benchmark.measuring import Result, processor_count, run_benchmark
from ...power.benchmark.workloads import SCALING, SIZES, workloads
from ...reporting.progress import progress_bars
from ...reporting.terminal import Console
from ...running.machine import machine
from ..arguments import timed
from ..console import console_of
from ..interrupts import interrupt_on_sigint_and_sigterm
from ..options import add_plot

_DTYPES = ("float64", "float32")


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    benches = commands.add_parser(
        "bench",
        help="time the oracle beside the frameworks",
        description="Times forward passes, alone and with all gradients, of the oracle and of each framework that is "
        "installed. Each runs in a process of its own on the same threads, and each round times all of them in turn. "
        "An answer outside the oracle's bounds is not timed. Exit status 0 only if the oracle and one other ran.",
    )
    benches.add_argument(
        "--against",
        action="append",
        type=timed,
        metavar="NAME",
        help=f"{', '.join(name for name in TIMED if name != ORACLE)}, package.module:Class or file.py:Class with the "
        "protocol of conformance.implementations.timing; may be repeated (default: all named here)",
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
        help="may be repeated (default: nine, from 1,1,4,4 to 200,128,64,512, and those that show how time grows)",
    )
    benches.add_argument(
        "--threads", type=count, default=processor_count(), help="threads of each (default: all processors)"
    )
    benches.add_argument("--rounds", type=count, default=15, help="how often each is timed (default: 15)")
    benches.add_argument("--json", type=output_file, metavar="FILE", help="write every time that was measured")
    add_plot(benches, "the ratios")
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
        require_matplotlib()
    console = console_of(200)
    interrupt_on_sigint_and_sigterm()
    cells = list(dict.fromkeys(parsed.cell or TIMED_CELLS))
    names = [ORACLE, *dict.fromkeys(parsed.against or [name for name in TIMED if name != ORACLE])]
    dtypes, passes = (dict.fromkeys(given) for given in (parsed.dtype or _DTYPES, parsed.passes or PASSES))
    wanted = list(workloads(cells, dtypes, parsed.size or SIZES, passes))
    grown = () if parsed.size else dict.fromkeys(chain.from_iterable(SCALING.values()))
    curves = list(workloads(cells, ("float64",), grown, ("gradients",)))
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
    with progress_bars(console) as progress:
        bar = progress.add_task(", ".join(names), total=len(wanted))
        return run_benchmark(wanted, names, parsed.threads, parsed.rounds, lambda _: progress.advance(bar))
