"""``python -m conformance accuracy``: how far implementations lie from the certified truth. Needs python-flint."""

from __future__ import annotations

import argparse
from typing import Any

from ...common.arguments import require_matplotlib
from ...implementations.finding import FRAMEWORKS
from ..console import console_of
from ..options import add_implementation, add_plot


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    accuracy = commands.add_parser(
        "accuracy",
        help="measure the oracle's and the frameworks' distance from the certified truth, in ulp",
        description="Measures in ulp how far the oracle and the frameworks lie from the certified truth. Exit status 0 "
        "only if something was measured.",
    )
    add_implementation(accuracy, default="the oracle and all frameworks")
    accuracy.add_argument(
        "--family", action="append", metavar="NAME", help="a family of fixtures/, may be repeated (default: all)"
    )
    add_plot(accuracy, "the distances too")
    accuracy.set_defaults(command=_accuracy)


def _accuracy(parsed: argparse.Namespace) -> int:
    from ...truth.accuracy import measure_accuracy, plot, show  # python-flint, which only this needs

    if parsed.plot:
        require_matplotlib()

    found = measure_accuracy(tuple(parsed.implementation or ("oracle", *FRAMEWORKS)), parsed.family)
    show(console_of(140), found)
    if parsed.plot:
        plot(found, parsed.plot)
    return 0 if found.distances else 1
