"""The record of a process: its events, each a line of JSON, in a pipe to the process that started it or in a file.

A pipe has no name, so what runs in the process cannot delete it or write it anew; what is spoiled nevertheless is seen,
since every line is checked.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..common.schemas import mismatch

LOST = 77
"""The exit status of a process whose record was closed: it can say nothing more."""
LONGEST = 64 * 2**20
"""Bytes of a line."""
Record = Path | int
"""Where events go: a file, or the descriptor of a pipe."""
_OWNER, _LOCK = os.getpid(), threading.Lock()


def record_named(text: str) -> Record:
    """The record that a command line names: the number of a descriptor, or else a file. This process is its owner."""
    global _OWNER
    if not text.isdecimal():
        return Path(text)
    _OWNER = os.getpid()
    os.set_inheritable(int(text), False)  # no process that is started from here on has it
    return int(text)


def append_event(record: Record | None, **event: Any) -> None:
    """Appends an event to a record, as a line of JSON; does nothing without a record.

    The process ends where its record was closed, and where it is a copy of the one that began it: two processes would
    report one run.
    """
    if record is None:
        return
    line = json.dumps(event).encode() + b"\n"
    if isinstance(record, Path):
        with record.open("ab") as lines:
            lines.write(line)
        return
    if os.getpid() != _OWNER:
        os._exit(LOST)
    with _LOCK:
        try:
            while line:
                line = line[os.write(record, line) :]
        except OSError:
            os._exit(LOST)


class SpoiledRecord(ValueError):
    """A line of a record is none that we write."""


def read_events(lines: Iterator[bytes], schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of these lines. Raises `SpoiledRecord` where one is not JSON, or not as its kind's schema says."""
    for line in lines:
        try:
            event = json.loads(line, parse_constant=_constant)
        except (ValueError, RecursionError):
            raise SpoiledRecord(f"a line is not JSON: {line[:80]!r}") from None
        kind = event.get("event") if isinstance(event, dict) else None
        if not isinstance(kind, str) or kind not in schemas:
            raise SpoiledRecord(f"a line is no event: {line[:80]!r}")
        if wrong := mismatch(event, schemas[kind]):
            raise SpoiledRecord(f"an event {kind!r} is spoiled: {wrong}")
        yield event


def _constant(name: str) -> float:
    """Infinity, which is the ratio of a wrong shape; no NaN is ever written."""
    if name == "NaN":
        raise ValueError(name)
    return float(name.replace("Infinity", "inf"))


def event_kinds(*kinds: str) -> dict[str, dict[str, Any]]:
    """The schemas of events of which the kind alone is checked."""
    return {kind: {"type": "object"} for kind in kinds}


def event_schema(**properties: Any) -> dict[str, Any]:
    """The schema of an event that has these fields, all of them."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {"event": {"type": "string"}, **properties},
    }
