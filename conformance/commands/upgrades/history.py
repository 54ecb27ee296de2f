"""``python -m conformance history``: what changed from release to release, as a page with plots."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from ...common.atomic import write_atomically
from ...upgrades.observations import history
from ..console import console_of


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    histories = commands.add_parser(
        "history",
        help="what changed from release to release, as a page with plots",
        description="Reads the records in a folder, one for each package whose releases it follows, and writes "
        f"{history.PAGE} and its plots there; needs matplotlib.",
    )
    histories.add_argument("folder", type=Path, metavar="FOLDER", help="holds PACKAGE.jsonl.xz, as `merge` writes it")
    histories.set_defaults(command=_history)


def _history(parsed: argparse.Namespace) -> int:
    import matplotlib  # noqa: F401  # said to be missing before the minutes of comparing, not after

    console, folder = console_of(160), parsed.folder
    try:
        series = history.histories(folder)
    except ValueError as error:
        console.print(f"history: {error}", highlight=False)
        return 2
    write_atomically(folder / history.PAGE, history.page(series, folder))
    for name, plot in ((history.ERRORS, history.plot_errors), (history.SPEED, history.plot_speed)):
        with tempfile.TemporaryDirectory() as scratch:
            plot(series, Path(scratch) / name)
            write_atomically(folder / name, (Path(scratch) / name).read_bytes())
    for one in series:
        console.print(f"{one.package}, as {one.implementation}: {len(one.releases)} releases", highlight=False)
    return 0
