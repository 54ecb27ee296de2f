"""``python -m conformance results``: the recorded runs, as the README shows them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..reporting.recorded_runs import as_markdown
from ..running.run_records import RunRecordRefused, read_run_record, read_run_records, run_records_folder


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    results = commands.add_parser("results", help="print the recorded runs, as Markdown tables")
    results.add_argument(
        "records",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="files that run --record wrote (default: those of fixtures/observations/runs)",
    )
    results.set_defaults(command=_results)


def _results(parsed: argparse.Namespace) -> int:
    try:
        found = [read_run_record(path) for path in parsed.records] or read_run_records(run_records_folder())
    except RunRecordRefused as error:
        print(error, file=sys.stderr)
        return 2
    print(as_markdown(found))
    return 0
