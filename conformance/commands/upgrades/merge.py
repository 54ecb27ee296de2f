"""``python -m conformance merge FILE RECORD…``: put several records into one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...common.arguments import output_file
from ...upgrades.observations.record import Observation, read_record, write_record
from ..console import console_of, say


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="put several records into one",
        description="Writes the observations of several records to one file. Of observations of the same "
        "implementation in the same versions the last one is kept.",
    )
    parser.add_argument("into", type=output_file, metavar="FILE", help="the file to write")
    parser.add_argument("records", nargs="+", type=Path, metavar="RECORD", help="files that `record` or `merge` wrote")
    parser.set_defaults(command=_merge)


def _merge(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    kept: dict[Any, Observation] = {}
    try:
        for path in parsed.records:
            kept |= {(one.implementation, *sorted(one.versions.items())): one for one in read_record(path)}
    except ValueError as error:
        say(console, f"merge: {error}")
        return 2
    write_record(parsed.into, kept.values())
    say(console, f"{parsed.into}: {len(kept)} observations")
    return 0
