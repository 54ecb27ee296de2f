"""Records of runs, kept as evidence: how they are written and read.

A record is what ``run --json`` writes; ``fixtures/observations/runs`` holds those that the project vouches for, beside
the schema that they follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ..common.atomic import write_atomically
from ..common.fixtures import directory
from ..common.schemas import mismatch

Record = Mapping[str, Any]
_SCHEMA = "schema.json"


class RunRefused(ValueError):
    """A file that is no record of a run."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


def folder() -> Path:
    """Where the records are."""
    return directory() / "observations" / "runs"


def encoded(content: Record) -> str:
    """The record as JSON."""
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def write(path: Path, content: Record) -> Path:
    """Writes a record and gives the file: in a folder a new one, by device and date. It is checked when it is read."""
    if path.is_dir():
        names = (f"{content['plan']['device']}-{content['date'][:10]}{more}.json" for more in _numbers())
        path = next(path / name for name in names if not (path / name).exists())
    write_atomically(path, encoded(content))
    return path


def _numbers() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in count(2))


def read(path: Path) -> Record:
    """The record in the file; `RunRefused` where it is none."""
    try:
        found: Record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunRefused(path, str(error)) from error
    if wrong := mismatch(found, json.loads((folder() / _SCHEMA).read_text(encoding="utf-8"))):
        raise RunRefused(path, f"is no record of a run: {wrong}")
    return found


def read_all(where: Path) -> list[Record]:
    """Every record of a folder."""
    return [read(path) for path in sorted(where.glob("*.json")) if path.name != _SCHEMA]
