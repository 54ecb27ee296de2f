"""``python -m conformance history``: what changed from release to release, as a page with plots."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...common.arguments import require_matplotlib
from ...common.atomic import write_atomically
from ...common.temporary import temporary_folder
from ...upgrades.observations.history import histories_in
from ...upgrades.observations.history_page import PAGE, history_page
from ...upgrades.observations.history_plots import ERRORS, SPEED, plot_errors, plot_speed
from ..console import console_of, say


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    histories = commands.add_parser(
        "history",
        help="what changed from release to release, as a page with plots",
        description="Reads the records in a folder, one for each package, and writes there what changed from "
        f"release to release: {PAGE} and its plots. Needs matplotlib.",
    )
    histories.add_argument(
        "folder", type=Path, metavar="FOLDER", help="a folder with PACKAGE.jsonl.xz, as `merge` writes them"
    )
    histories.set_defaults(command=_history)


def _history(parsed: argparse.Namespace) -> int:
    require_matplotlib()

    console, folder = console_of(160), parsed.folder
    try:
        series = histories_in(folder)
    except ValueError as error:
        say(console, f"history: {error}")
        return 2
    write_atomically(folder / PAGE, history_page(series, folder))
    for name, plot in ((ERRORS, plot_errors), (SPEED, plot_speed)):
        with temporary_folder("conformance-history-") as scratch:
            plot(series, scratch / name)
            write_atomically(folder / name, (scratch / name).read_bytes())
    for one in series:
        say(console, f"{one.package}, as {one.implementation}: {len(one.releases)} releases")
    return 0
