"""``python -m conformance results``: the runs that are recorded, as README shows them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..reporting.recorded_runs import as_markdown
from ..running import records


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    results = commands.add_parser("results", help="print the recorded runs, as Markdown tables")
    results.add_argument(
        "records", nargs="*", type=Path, metavar="FILE", help="what run --record wrote (default: those of the project)"
    )
    results.set_defaults(command=_results)


def _results(parsed: argparse.Namespace) -> int:
    try:
        found = [records.read(path) for path in parsed.records] or records.read_all(records.folder())
    except records.RunRefused as error:
        print(error, file=sys.stderr)
        return 2
    print(as_markdown(found))
    return 0
