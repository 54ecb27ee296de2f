"""The corpus as ``.npz`` files: float64, every quantity, every case."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...contract import Array
from ..corpus import Fixture
from ..corpus.writing import encoded_case

_ARRAYS = ("x", "params", "initial_state", "mask", "lengths", "dropout", "d_outputs", "d_state", "expected")


def write_npz(folder: Path, fixtures: Iterable[Fixture]) -> tuple[int, dict[str, str]]:
    """Writes ``FAMILY/ID.npz`` for each case; returns how many, and no reasons, since no case is left out.

    A file has the case's arrays by the names of the corpus (``x``, ``params.kernel``, ``expected.outputs``, …) and
    ``case``, a text in JSON: everything of the case that is no array, as the corpus has it.
    """
    written = 0
    for fixture in fixtures:
        written += 1
        path = folder / fixture.family / f"{fixture.id}.npz"
        path.parent.mkdir(exist_ok=True)
        made = io.BytesIO()
        np.savez_compressed(made, **arrays_of(fixture))  # type: ignore[arg-type]
        path.write_bytes(made.getvalue())
    return written, {}


def arrays_of(fixture: Fixture) -> dict[str, Array]:
    """All arrays of a fixture by name, and its description as an array of one text."""
    case = fixture.case
    description = json.dumps({name: value for name, value in encoded_case(fixture).items() if name not in _ARRAYS})
    found: dict[str, Array | None] = {"case": np.array(description), "x": case.x}
    found |= {"mask": case.mask, "lengths": case.lengths, "d_outputs": case.d_outputs}
    for what, parts in (("initial_state", case.initial_state), ("d_state", case.d_state)):
        if parts is not None:
            found |= {f"{what}.{name}": part for name, part in zip(case.state_names, parts, strict=True)}
    for what, mapping in (("params", case.params), ("dropout", case.dropout or {}), ("expected", fixture.expected)):
        found |= {f"{what}.{name}": value for name, value in mapping.items()}
    return {name: value for name, value in found.items() if value is not None}
