"""Records of runs, kept as evidence: how they are written and read, and the table that README shows of them.

A record is what ``run --json`` writes; ``fixtures/observations/runs`` holds those that the project vouches for, beside
the schema that they follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from .corpus import directory
from .files import write_atomically
from .schemas import mismatch

Record = Mapping[str, Any]
_FAMILIES = ("outputs", "state", "gradients", "laws", "invariants", "stateful", "hand-sized")
_DEVICES = ("cpu", "cuda")
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


def as_markdown(records: Sequence[Record]) -> str:
    """A table for each record, and a sentence for each device of which there is none."""
    parts = [_table(record) for record in sorted(records, key=lambda one: (one["plan"]["device"], one["date"]))]
    recorded = {record["plan"]["device"] for record in records}
    parts += [f"No run on {device} is recorded." for device in _DEVICES if device not in recorded]
    return "\n\n".join(parts)


def _table(record: Record) -> str:
    compared = any("devices" in its["families"] for its in record["implementations"])
    families = (*_FAMILIES, "devices") if compared else _FAMILIES
    cells = ("implementation", "versions", *families, "cases", "numbers", "seconds", "verdict")
    rule = ["---", "---", *["---:"] * (len(cells) - 3), "---"]
    rows = [_line(cells), _line(rule), *(_line(_cells(its, families)) for its in record["implementations"])]
    plan, said = record["plan"], [f"`{record['command']}`", f"{record['date'][:10]}", _machine(record)]
    said.append(f"profile {plan['amount']}, seed {plan['seed']}, {plan['jobs']} processes at a time")
    return f"**On {plan['device']}**: {'; '.join(said)}.\n\n" + "\n".join(rows)


def _machine(record: Record) -> str:
    machine, gpu = record["machine"], record["gpu"]
    of = f"{machine['processor']}, {machine['system']} {machine['architecture']}, CPython {machine['python']}"
    return of if gpu is None else f"{gpu['name']}, driver {gpu['driver']}, CUDA {gpu['cuda']}; {of}"


def _cells(its: Mapping[str, Any], families: Sequence[str]) -> list[str]:
    found = [its["name"], ", ".join(f"{name} {version}" for name, version in its["versions"].items())]
    found += [_worst(its["families"].get(family)) for family in families]
    known = f", {len(its['divergences'])} known divergences" if its["divergences"] else ""
    verdict = f"not run: {its['why']}" if its["verdict"] == "not run" else its["verdict"] + known
    return [*found, f"{its['cases']:,}", f"{its['numbers']:,}", f"{its['seconds']:.0f}", verdict]


def _worst(family: Mapping[str, Any] | None) -> str:
    if family is None:
        return "–"
    return "∞" if family["worst"] is None else f"{family['worst']:.2g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
