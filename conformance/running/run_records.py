"""Records of runs, kept as evidence: how they are written and read.

A record is what ``run --json`` writes; ``fixtures/observations/runs`` holds those that the project publishes, beside
their schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ..common.atomic import write_atomically, write_new
from ..common.fixtures import directory
from ..common.reading import Unreadable, read_json
from ..common.schemas import mismatch

RunRecord = Mapping[str, Any]
_SCHEMA = "schema.json"


class RunRecordRefused(ValueError):
    """A file that is no record of a run."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


def run_records_folder() -> Path:
    """The folder of the published records."""
    return directory() / "observations" / "runs"


def encoded_run_record(content: RunRecord) -> str:
    """The record as JSON."""
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def write_run_record(path: Path, content: RunRecord) -> Path:
    """Writes a record and returns its file: ``path``, or in a folder a new file named by device and date."""
    if path.is_dir():
        names = (f"{content['plan']['device']}-{content['date'][:10]}{more}.json" for more in _numbers())
        return write_new((path / name for name in names), encoded_run_record(content))
    write_atomically(path, encoded_run_record(content))
    return path


def _numbers() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in count(2))


def read_run_record(path: Path) -> RunRecord:
    """The record in the file; `RunRecordRefused` where it is none."""
    try:
        found: RunRecord = read_json(path)
    except Unreadable as error:
        raise RunRecordRefused(path, error.problem) from None
    if wrong := mismatch(found, read_json(run_records_folder() / _SCHEMA)):
        raise RunRecordRefused(path, f"is no record of a run: {wrong}")
    return found


def read_run_records(where: Path) -> list[RunRecord]:
    """Every record of a folder."""
    return [read_run_record(path) for path in run_record_files(where)]


def run_record_files(where: Path) -> list[Path]:
    """The files of a folder's records."""
    return [path for path in sorted(where.glob("*.json")) if path.name != _SCHEMA]
