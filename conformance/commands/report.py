"""``python -m conformance report``: records of runs as pages, with a scoreboard of all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..common.atomic import write_atomically
from ..reporting.html import history_page, require_packages, run_page, scoreboard_page
from ..running.run_records import RunRecordRefused, read_run_record, run_record_files, run_records_folder
from ..upgrades.observations.history_data import history_data


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    report = commands.add_parser(
        "report",
        help="write records of runs as pages, with a scoreboard of all",
        description="Writes pages that open from disk, without a network: index.html, the scoreboard of runtimes and "
        "features, a page for each record, and one of releases. Needs the extra report.",
    )
    report.add_argument(
        "records",
        nargs="*",
        type=Path,
        metavar="RECORD",
        help="files that run --json or run --record wrote (default: those of fixtures/observations/runs)",
    )
    report.add_argument("--html", type=Path, required=True, metavar="FOLDER", help="where to write; made if missing")
    report.add_argument(
        "--history",
        type=Path,
        metavar="FOLDER",
        help="records of releases, as `merge` writes them: a page of what moved, with plots; takes minutes",
    )
    report.set_defaults(command=_report)


def _report(parsed: argparse.Namespace) -> int:
    require_packages()
    paths = parsed.records or run_record_files(run_records_folder())
    try:
        records = {address: read_run_record(path) for address, path in _addresses(paths).items()}
    except RunRecordRefused as error:
        print(error, file=sys.stderr)
        return 2
    try:
        series = history_data(parsed.history) if parsed.history else []
    except ValueError as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    parsed.html.mkdir(parents=True, exist_ok=True)
    for address, record in records.items():
        write_atomically(parsed.html / address, run_page(record, back="index.html"))
    history = "history.html" if series else ""
    if history:
        write_atomically(parsed.html / history, history_page(series, back="index.html"))
    write_atomically(parsed.html / "index.html", scoreboard_page(records, history))
    print(f"{parsed.html / 'index.html'}: {len(records)} record{'s' if len(records) > 1 else ''}")
    return 0


def _addresses(paths: list[Path]) -> dict[str, Path]:
    """The records by the names of their pages, which are the files' own; two of one name get a number."""
    found: dict[str, Path] = {}
    for path in paths:
        names = (f"run-{path.stem}{more}.html" for more in ("", *(f"-{k}" for k in range(2, len(paths) + 1))))
        found[next(name for name in names if name not in found)] = path
    return found
