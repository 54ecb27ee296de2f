"""Writing families and the manifest, atomically and the same to the byte every time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import refimpl as ri

from ...common.atomic import write_atomically
from ...common.fixtures import directory
from ...contract import Array, Case
from .model import FORMAT, LICENCE, Family, Fixture


def write(family: Family, where: Path | None = None) -> Path:
    """Writes the family's file, atomically; `write_manifest` must follow."""
    path = (where or directory()) / f"{family.name}.json"
    write_atomically(path, encoded_family(family))
    return path


def encoded_family(family: Family) -> str:
    """The text of the family's file."""
    document = {
        "format": FORMAT,
        "family": family.name,
        "description": family.description,
        "flags": dict(family.flags),
        "cases": [encoded_case(fixture) for fixture in family.fixtures],
    }
    return _formatted(document) + "\n"


def write_manifest(where: Path | None = None) -> Path:
    """Writes the list of all files with their SHA-256, atomically."""
    folder = where or directory()
    files: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == "manifest.json":
            continue
        content = path.read_bytes()
        files[path.name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        if path.name != "schema.json":
            files[path.name]["cases"] = len(json.loads(content)["cases"])
    manifest = {"format": FORMAT, "licence": LICENCE, "files": files}
    write_atomically(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return folder / "manifest.json"


_VARIANTS = ("clip", "output_activation", "proj_size", "peepholes", "input_forget", "forget_bias")


def encoded_case(fixture: Fixture) -> dict[str, Any]:
    """The case as its file has it."""
    case = fixture.case

    def states(parts: Sequence[Array | None] | None) -> Any:
        return None if parts is None else dict(zip(case.state_names, map(_listed, parts), strict=True))

    return {
        "id": fixture.id,
        **_layers(case.cell),
        "options": {"reverse": case.reverse, "masked_output": case.masked_output} | _unusual(case),
        "flags": list(fixture.flags),
        "dtype": str(case.dtype),
        "params": {name: _listed(value) for name, value in case.params.items()},
        "x": _listed(case.x),
        "initial_state": states(case.initial_state),
        "mask": _listed(case.mask),
        "lengths": _listed(case.lengths),
        **({"dropout": {name: _listed(value) for name, value in case.dropout.items()}} if case.dropout else {}),
        "d_outputs": _listed(case.d_outputs),
        "d_state": states(case.d_state),
        "expected": {name: _listed(value) for name, value in fixture.expected.items()},
        "exact": fixture.exact,
        "note": fixture.note,
        "provenance": fixture.provenance,
    }


def _layers(cell: Any) -> dict[str, Any]:
    """The cell, or the layers of a stack."""
    if not isinstance(cell, ri.Stack):
        return {"cell": _cell(cell)}
    return {
        "layers": [
            {"forward": _cell(layer.forward), "backward": _cell(layer.backward), "merge": layer.merge}
            for layer in cell.layers
        ]
    }


def _cell(cell: Any) -> dict[str, Any] | None:
    """The cell's kind and fields; those of `_VARIANTS` only where they are not the default."""
    if cell is None:
        return None
    return {"kind": type(cell).__name__} | {
        f.name: getattr(cell, f.name)
        for f in fields(cell)
        if f.name not in _VARIANTS or getattr(cell, f.name) != f.default
    }


def _unusual(case: Case) -> dict[str, Any]:
    """The options of the sequence that most cases leave at their defaults."""
    defaults = {"output_order": "original", "return_sequences": True}
    return {name: getattr(case, name) for name, usual in defaults.items() if getattr(case, name) != usual}


def _listed(array: Array | None) -> Any:
    return None if array is None else array.tolist()


def _formatted(document: Mapping[str, Any]) -> str:
    """JSON with one line for each array, so that a person can read it and a diff is small.

    Numbers are in the shortest decimal that reads back as the same float64, which is what `repr` gives.
    """

    def line(value: Any) -> str:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)

    def block(mapping: Mapping[str, Any], indent: str, nested: Iterable[str]) -> str:
        lines = []
        for key, value in mapping.items():
            split = key in nested and value
            text = block(value, indent + "  ", ()) if split else line(value)
            lines.append(f"{indent}  {line(key)}: {text}")
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"

    cases = ",\n    ".join(
        block(case, "    ", ("params", "initial_state", "dropout", "d_state", "expected")) for case in document["cases"]
    )
    head = block({k: v for k, v in document.items() if k != "cases"}, "", ("flags",))
    return head.removesuffix("\n}") + ',\n  "cases": [\n    ' + cases + "\n  ]\n}"
