"""Reading a family: everything is checked before anything is used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import refimpl as ri
from refimpl import checks

from ...common.fixtures import directory
from ...common.reading import Unreadable, parse_json, read_file
from ...common.schemas import mismatch
from ...contract import CELL_KINDS, Array, Case
from .model import FORMAT, Family, Fixture, FixtureRefused, shapes_of

MAX_BYTES = 8 * 2**20
"""The most that a file may hold; more is refused before it is parsed."""


def families(where: Path | None = None) -> tuple[str, ...]:
    """The families that the manifest lists."""
    manifest = _manifest((where or directory()) / "manifest.json")
    return tuple(Path(name).stem for name, entry in manifest["files"].items() if "cases" in entry)


def read(path_or_family: str | Path) -> list[Fixture]:
    """The fixtures of a family, by its name or its file's path; `FixtureRefused` where anything is amiss."""
    return list(read_family(path_or_family).fixtures)


def read_family(path_or_family: str | Path) -> Family:
    """`read`, with the family's description and flags."""
    path = Path(path_or_family)
    if path.suffix != ".json":
        path = directory() / f"{path_or_family}.json"
    schema_path = path.parent / "schema.json"
    listed = _manifest(path.parent / "manifest.json")["files"]
    schema = _parsed(schema_path, _checked(schema_path, listed))
    document = _parsed(path, _checked(path, listed))
    if not _is_of_our_format(document):
        found = document.get("format") if isinstance(document, dict) else None
        raise FixtureRefused(path, f"expected format version {FORMAT}, got {found!r}")
    if wrong := mismatch(document, schema):
        raise FixtureRefused(path, f"does not follow the schema: {wrong}")
    return _family(path, document)


def _manifest(path: Path) -> dict[str, Any]:
    manifest = _parsed(path, _bytes(path))
    if not _is_of_our_format(manifest):
        raise FixtureRefused(path, f"expected a manifest of format version {FORMAT}")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(_is_entry(entry) for entry in files.values()):
        raise FixtureRefused(path, "expected files, each with its sha256 and bytes, and its number of cases")
    found: dict[str, Any] = manifest
    return found


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and all(type(entry.get(key, 0)) is int for key in ("bytes", "cases"))
    )


def _is_of_our_format(document: Any) -> bool:
    version = document.get("format") if isinstance(document, dict) else None
    return type(version) is int and version == FORMAT  # True is 1, too


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path, MAX_BYTES)
    except Unreadable as error:
        raise FixtureRefused(path, error.problem) from None


def _checked(path: Path, listed: Mapping[str, Any]) -> bytes:
    """The file's content, if its checksum is the manifest's."""
    if path.name not in listed:
        raise FixtureRefused(path, "is not listed in manifest.json beside it")
    content = _bytes(path)
    found, expected = hashlib.sha256(content).hexdigest(), listed[path.name].get("sha256")
    if found != expected:
        raise FixtureRefused(path, f"wrong checksum: expected SHA-256 {expected}, got {found}")
    return content


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return parse_json(path, content)
    except Unreadable as error:
        raise FixtureRefused(path, error.problem) from None


def _family(path: Path, document: Mapping[str, Any]) -> Family:
    if document["family"] != path.stem:
        raise FixtureRefused(path, f"expected family {path.stem!r}, got {document['family']!r}")
    ids = [entry["id"] for entry in document["cases"]]
    for name in ids:
        if ids.count(name) > 1:
            raise FixtureRefused(path, f"duplicate id {name!r}")
    fixtures = []
    for entry in document["cases"]:
        for flag in entry["flags"]:
            if flag not in document["flags"]:
                raise FixtureRefused(path, f"{entry['id']}: flag {flag!r} is not explained")
        try:
            fixtures.append(_decoded(document["family"], entry))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise FixtureRefused(path, f"{entry['id']}: {error}") from error
    return Family(document["family"], document["description"], document["flags"], tuple(fixtures))


def _decoded(family: str, entry: Mapping[str, Any]) -> Fixture:
    cell: Any = _cell(entry["cell"]) if "cell" in entry else ri.Stack(tuple(map(_layer, entry["layers"])))
    x = _tensor("x", entry["x"], (None, None, cell.input_size))
    batch, time = x.shape[:2]
    shapes = cell.parameter_shapes
    states = {name: (batch, size) for name, size in zip(cell.state_names, cell.state_sizes, strict=True)}
    outputs = (batch, time if entry["options"].get("return_sequences", True) else 1, cell.output_size)
    _same_names("params", entry["params"], shapes)
    case = Case(
        cell,
        {name: _tensor(f"params.{name}", entry["params"][name], shape) for name, shape in shapes.items()},
        x,
        _states("initial_state", entry["initial_state"], states),
        _optional("d_outputs", entry["d_outputs"], outputs),
        _states("d_state", entry["d_state"], states),
        None if entry["mask"] is None else np.array(entry["mask"], bool),
        None if entry["lengths"] is None else np.array(entry["lengths"], np.int64),
        **entry["options"],
        dropout={name: np.array(f, np.float64) for name, f in entry["dropout"].items()} if "dropout" in entry else None,
    )
    checks.mask(case.mask, case.lengths, batch, time)
    checks.dropout(cell, case.dropout, batch, time, dtype=x.dtype, check_finite=True)
    expected_shapes = shapes_of(case)
    _same_names("expected", entry["expected"], expected_shapes)
    expected = {
        name: _tensor(f"expected.{name}", entry["expected"][name], shape) for name, shape in expected_shapes.items()
    }
    rest = {key: entry[key] for key in ("exact", "note", "provenance")}
    return Fixture(entry["id"], family, case, expected, flags=tuple(entry["flags"]), **rest)


def _same_names(what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    if set(found) != set(expected):
        raise ValueError(f"{what}: expected exactly {', '.join(expected)}, got {', '.join(found)}")


def _tensor(what: str, nested: Any, shape: Sequence[int | None]) -> Array:
    array = np.array(nested, np.float64)
    if array.size == 0 and array.ndim < len(shape):  # [] says nothing of the axes within
        array = array.reshape(array.shape + tuple(size or 0 for size in shape[array.ndim :]))
    if array.ndim != len(shape) or any(size not in (None, got) for size, got in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{what}: expected shape {tuple(shape)}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: non-finite number")
    return array


def _optional(what: str, nested: Any, shape: Sequence[int | None]) -> Array | None:
    return None if nested is None else _tensor(what, nested, shape)


def _states(what: str, states: Any, shapes: Mapping[str, Sequence[int]]) -> Any:
    if states is None:
        return None
    _same_names(what, states, shapes)
    return tuple(_optional(f"{what}.{name}", states[name], shape) for name, shape in shapes.items())


def _cell(entry: Mapping[str, Any]) -> Any:
    return CELL_KINDS[entry["kind"]](**{name: value for name, value in entry.items() if name != "kind"})


def _layer(entry: Mapping[str, Any]) -> ri.Layer:
    forward, backward = (entry[name] and _cell(entry[name]) for name in ("forward", "backward"))
    return ri.Layer(forward, backward, entry["merge"])
