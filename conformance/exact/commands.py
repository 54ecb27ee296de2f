"""``python -m conformance certify`` and ``python -m conformance accuracy``.

python-flint is imported only when one of them runs: nobody else needs it.
"""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import corpus
from ..implementations import BUILT_IN, FRAMEWORKS

_SHOWN = 20


def add_to(commands: Any) -> None:
    """Adds both to an `argparse` group of subcommands; each sets ``command``, which returns the exit status."""
    certify = commands.add_parser(
        "certify",
        help="write the corpus, every number proven, or check it",
        description="Writes fixtures/ byte for byte the same every time; interrupted, it goes on where it stopped. "
        "With --check, certifies what is stored again and fails on any digit that differs.",
    )
    certify.add_argument("--check", action="store_true", help="write nothing, verify what is there")
    certify.add_argument("--fraction", type=_share, default=1.0, help="how much of it (default: 1, all)")
    certify.add_argument("--seed", type=int, default=0, help="which cases, for a fraction (default: 0)")
    certify.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1, help="processes (default: all cores)")
    certify.add_argument("--fresh", action="store_true", help="do not go on from an interrupted run")
    certify.add_argument("--folder", type=Path, help="default: this project's fixtures")
    certify.set_defaults(command=_certify)

    accuracy = commands.add_parser(
        "accuracy",
        help="how far the oracle and each framework lie from the certified truth, in ulp",
        description="Median, 99th percentile and maximum of the error in units in the last place, for each family.",
    )
    accuracy.add_argument(
        "--implementation", action="append", metavar="NAME", help=f"{', '.join(BUILT_IN)} …; default: all"
    )
    accuracy.add_argument("--family", action="append", metavar="NAME", help="of fixtures/; default: all")
    accuracy.add_argument("--plot", type=Path, metavar="FILE", help="draw it, as .png or .svg (needs matplotlib)")
    accuracy.set_defaults(command=_accuracy)


def _certify(parsed: argparse.Namespace) -> int:
    console = Console()
    if _flint_is_missing(console):
        return 1
    from .generate import NotCertified, certify_corpus, check_corpus

    bar = Console(stderr=True)
    try:
        if not parsed.check:
            for path in certify_corpus(parsed.folder, parsed.jobs, parsed.fresh, bar):
                console.print(f"{path}: {len(corpus.read(path))} cases")
            return 0
        report = check_corpus(parsed.folder, parsed.fraction, parsed.seed, parsed.jobs, bar)
    except NotCertified as why:
        console.print(f"not certified: {why}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted; finished families are kept for the next run")
        return 130
    for problem in report.problems[:_SHOWN]:
        console.print(problem, markup=False, soft_wrap=True)
    if len(report.problems) > _SHOWN:
        console.print(f"… and {len(report.problems) - _SHOWN} more problems")
    console.print(
        f"{report.cases} cases, {report.numbers} numbers certified again, {report.proofs} gradients proven by series, "
        f"{report.kinks} at a kink: {'all as stored' if report.passed else 'NOT as stored'}"
    )
    return 0 if report.passed else 1


def _accuracy(parsed: argparse.Namespace) -> int:
    console = Console()
    if _flint_is_missing(console):
        return 1
    if parsed.plot and find_spec("matplotlib") is None:
        console.print("--plot needs matplotlib: pip install 'rnn-conformance[exact]'", markup=False)
        return 1
    from . import accuracy

    unknown = set(parsed.family or ()) - set(corpus.families())
    if unknown:
        console.print(f"no family {', '.join(sorted(unknown))}; there are {', '.join(corpus.families())}")
        return 1
    names = parsed.implementation or ("oracle", *FRAMEWORKS)
    found = accuracy.accuracy(names, parsed.family, Console(stderr=True))
    accuracy.show(console if console.is_terminal else Console(width=160), found)
    if parsed.plot:
        accuracy.plot(found, parsed.plot)
        console.print(f"plot: {parsed.plot}")
    return 0 if found.distances else 1


def _flint_is_missing(console: Console) -> bool:
    missing = find_spec("flint") is None
    if missing:
        console.print("python-flint is not installed: pip install 'rnn-conformance[exact]'", markup=False)
    return missing


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, at most 1, got {text}")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return value
