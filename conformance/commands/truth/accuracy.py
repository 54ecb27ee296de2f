"""``python -m conformance accuracy``: how far everyone lies from the certified truth. Needs python-flint."""

from __future__ import annotations

import argparse
from typing import Any

from ...common.arguments import figure
from ...implementations.finding import FRAMEWORKS
from ..console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    accuracy = commands.add_parser(
        "accuracy", help="measure the oracle's and the frameworks' distance from the certified truth, in ulp"
    )
    accuracy.add_argument("--implementation", action="append", metavar="NAME", help="default: all; may be repeated")
    accuracy.add_argument("--family", action="append", metavar="NAME", help="default: all; may be repeated")
    accuracy.add_argument("--plot", type=figure, metavar="FILE", help="draw it too; needs matplotlib")
    accuracy.set_defaults(command=_accuracy)


def _accuracy(parsed: argparse.Namespace) -> int:
    from ...truth.accuracy import measure_accuracy, plot, show  # python-flint, which only this needs

    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the minutes of measuring, not after

    found = measure_accuracy(tuple(parsed.implementation or ("oracle", *FRAMEWORKS)), parsed.family)
    show(console_of(140), found)
    if parsed.plot:
        plot(found, parsed.plot)
    return 0 if found.distances else 1
