"""The corpus: cases whose expected values are certified, read from and written to `fixtures`.

A file holds one family, as ``fixtures/schema.json`` describes and ``fixtures/README.md`` explains. ``manifest.json``
beside it has each file's SHA-256. A file is used only when its checksum, format version, schema, shapes and
numbers are in order; anything else is `FixtureRefused`, before any of it is used. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np

import refimpl as ri
from refimpl import checks

from .cases import Array, Case, Quantities

FORMAT = 1
LICENCE = "MIT"
MAX_BYTES = 8 * 2**20
"""The most that a file may hold; more is refused before it is read."""

_CELLS = {"SimpleRNN": ri.SimpleRNN, "LSTM": ri.LSTM, "GRU": ri.GRU}


class FixtureRefused(ValueError):
    """A file of the corpus that cannot be trusted: which, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Fixture:
    """A case and its certified values.

    expected    quantity name to the float64 nearest to the exact real value
    exact       whether every expected number *is* the exact value
    flags       what is special about the case; explained in its file
    note        what the case is there for, or how to work it by hand
    """

    id: str
    family: str
    case: Case
    expected: Quantities
    exact: bool = False
    flags: tuple[str, ...] = ()
    note: str = ""
    provenance: str = ""


@dataclass(frozen=True)
class Family:
    """One file: its fixtures, and what their flags mean."""

    name: str
    description: str
    flags: Mapping[str, str]
    fixtures: tuple[Fixture, ...]


def directory() -> Path:
    """Where the fixtures are: beside the package in a checkout, within it when installed."""
    package = Path(__file__).resolve().parent
    installed = package / "fixtures"
    return installed if installed.is_dir() else package.parent / "fixtures"


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
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else None
        raise FixtureRefused(path, f"expected format version {FORMAT}, got {found!r}")
    for error in _FastValidator(schema).iter_errors(document):
        raise FixtureRefused(path, f"does not follow the schema: {error.json_path}: {error.message:.200}")
    return _family(path, document)


def write(family: Family, where: Path | None = None) -> Path:
    """Writes the family's file, atomically; `write_manifest` must follow."""
    path = (where or directory()) / f"{family.name}.json"
    document = {
        "format": FORMAT,
        "family": family.name,
        "description": family.description,
        "flags": dict(family.flags),
        "cases": [_encoded(fixture) for fixture in family.fixtures],
    }
    _replace(path, _laid_out(document) + "\n")
    return path


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
    _replace(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return folder / "manifest.json"


# --- reading --------------------------------------------------------------------------------------


def _manifest(path: Path) -> dict[str, Any]:
    manifest = _parsed(path, _bytes(path))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FixtureRefused(path, f"expected a manifest of format version {FORMAT}")
    if not isinstance(manifest.get("files"), dict):
        raise FixtureRefused(path, "expected a list of files")
    return manifest


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FixtureRefused(path, f"cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise FixtureRefused(path, f"absurd size: more than {MAX_BYTES} bytes")
    return content


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
    def refuse(constant: str) -> Any:
        raise ValueError(f"non-finite number {constant}")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice in one object")
        return found

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise FixtureRefused(path, f"is not valid JSON: {error}") from error


def _items(validator: Any, items: Any, instance: Any, schema: Any) -> Iterable[Any]:
    """The schema's ``items``; a list of plain numbers, of which there are many, in one pass."""
    if items == {"type": "number"} and all(type(item) in (float, int) for item in instance):
        return ()
    found: Iterable[Any] = jsonschema.Draft202012Validator.VALIDATORS["items"](
        validator, items, instance, schema
    )
    return found


_FastValidator: Any = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"items": _items})


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
    cell_options = dict(entry["cell"])
    cell: Any = _CELLS[cell_options.pop("kind")](**cell_options)
    x = _tensor("x", entry["x"], (None, None, cell.input_size))
    batch, time, hidden = *x.shape[:2], cell.hidden_size
    shapes = cell.parameter_shapes
    _same_names("params", entry["params"], shapes)
    case = Case(
        cell,
        {name: _tensor(f"params.{name}", entry["params"][name], shape) for name, shape in shapes.items()},
        x,
        _states("initial_state", entry["initial_state"], cell.state_names, (batch, hidden)),
        _optional("d_outputs", entry["d_outputs"], (batch, time, hidden)),
        _states("d_state", entry["d_state"], cell.state_names, (batch, hidden)),
        None if entry["mask"] is None else np.array(entry["mask"], bool),
        None if entry["lengths"] is None else np.array(entry["lengths"], np.int64),
        **entry["options"],
    )
    checks.mask(case.mask, case.lengths, batch, time)
    expected_shapes = shapes_of(case)
    _same_names("expected", entry["expected"], expected_shapes)
    expected = {
        name: _tensor(f"expected.{name}", entry["expected"][name], shape)
        for name, shape in expected_shapes.items()
    }
    rest = {key: entry[key] for key in ("exact", "note", "provenance")}
    return Fixture(entry["id"], family, case, expected, flags=tuple(entry["flags"]), **rest)


def shapes_of(case: Case) -> dict[str, tuple[int, ...]]:
    """The shape of each quantity that is expected of a case, by name, in the order of `cases.quantities`."""
    cell, (batch, time, inputs) = case.cell, case.x.shape
    state, sequence = (batch, cell.hidden_size), (batch, time, cell.hidden_size)
    found: dict[str, tuple[int, ...]] = {"outputs": sequence}
    found |= {f"state.{name}": state for name in case.state_names}
    found |= {f"gates.{name}": sequence for name in cell.gate_names}
    if case.wants_gradients:
        found |= {f"d_params.{name}": shape for name, shape in cell.parameter_shapes.items()}
        found["d_x"] = (batch, time, inputs)
        found |= {f"d_initial_state.{name}": state for name in case.state_names}
    return found


def _same_names(what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    if set(found) != set(expected):
        raise ValueError(f"{what}: expected exactly {', '.join(expected)}, got {', '.join(found)}")


def _tensor(what: str, nested: Any, shape: Sequence[int | None]) -> Array:
    array = np.array(nested, np.float64)
    if array.size == 0 and array.ndim < len(shape):  # [] says nothing of the axes within
        array = array.reshape(array.shape + tuple(size or 0 for size in shape[array.ndim :]))
    if array.ndim != len(shape) or any(
        size not in (None, got) for size, got in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{what}: expected shape {tuple(shape)}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: non-finite number")
    return array


def _optional(what: str, nested: Any, shape: Sequence[int | None]) -> Array | None:
    return None if nested is None else _tensor(what, nested, shape)


def _states(what: str, states: Any, names: Sequence[str], shape: Sequence[int]) -> Any:
    if states is None:
        return None
    _same_names(what, states, names)
    return tuple(_optional(f"{what}.{name}", states[name], shape) for name in names)


# --- writing --------------------------------------------------------------------------------------


def _encoded(fixture: Fixture) -> dict[str, Any]:
    case = fixture.case

    def states(parts: Sequence[Array | None] | None) -> Any:
        return None if parts is None else dict(zip(case.state_names, map(_listed, parts), strict=True))

    return {
        "id": fixture.id,
        "cell": {"kind": case.kind} | {f.name: getattr(case.cell, f.name) for f in fields(case.cell)},
        "options": {"reverse": case.reverse, "masked_output": case.masked_output},
        "flags": list(fixture.flags),
        "dtype": str(case.dtype),
        "params": {name: _listed(value) for name, value in case.params.items()},
        "x": _listed(case.x),
        "initial_state": states(case.initial_state),
        "mask": _listed(case.mask),
        "lengths": _listed(case.lengths),
        "d_outputs": _listed(case.d_outputs),
        "d_state": states(case.d_state),
        "expected": {name: _listed(value) for name, value in fixture.expected.items()},
        "exact": fixture.exact,
        "note": fixture.note,
        "provenance": fixture.provenance,
    }


def _listed(array: Array | None) -> Any:
    return None if array is None else array.tolist()


def _laid_out(document: Mapping[str, Any]) -> str:
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
        block(case, "    ", ("params", "initial_state", "d_state", "expected")) for case in document["cases"]
    )
    head = block({k: v for k, v in document.items() if k != "cases"}, "", ("flags",))
    return head.removesuffix("\n}") + ',\n  "cases": [\n    ' + cases + "\n  ]\n}"


def _replace(path: Path, text: str) -> None:
    """Writes beside the file, then puts it in its place: a reader sees the old or the new, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=False)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
