"""``python -m conformance results``: the runs that are recorded, as README shows them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .. import runs


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    results = commands.add_parser("results", help="print the recorded runs, as Markdown tables")
    results.add_argument(
        "records", nargs="*", type=Path, metavar="FILE", help="what run --record wrote (default: those of the project)"
    )
    results.set_defaults(command=_results)


def _results(parsed: argparse.Namespace) -> int:
    try:
        records = [runs.read(path) for path in parsed.records] or runs.read_all(runs.folder())
    except runs.RunRefused as error:
        print(error, file=sys.stderr)
        return 2
    print(runs.as_markdown(records))
    return 0
