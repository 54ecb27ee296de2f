"""Cells, masks and lengths in words: the names and values of options that follow from arrays and cells alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl as ri
from refimpl.stack import named_cells

Array = NDArray[Any]


BASIC_OPTIONS: Mapping[str, Any] = {
    "layers": 1,
    "direction": "forward",
    "mask": "none",
    "lengths": "none",
    "return_sequences": True,
    "dropout": False,
    "recurrent_dropout": False,
    "between_dropout": False,
}
"""The options of the plainest run: one layer, forward, every step of every row, nothing masked or dropped."""


def first_cell(cell: Any) -> Any:
    """The cell itself, or the first cell of a stack."""
    return cell.layers[0].cells[0] if isinstance(cell, ri.Stack) else cell


def described(cell: Any) -> str:
    """A cell, or a stack's cells, with the options that are not their defaults."""
    if isinstance(cell, ri.Stack):
        return "Stack(" + ", ".join(f"{where}{described(each)}" for where, each in named_cells(cell)) + ")"
    given = [f for f in dataclasses.fields(cell) if f.name.endswith("put_size") or getattr(cell, f.name) != f.default]
    return f"{type(cell).__name__}({', '.join(f'{f.name}={getattr(cell, f.name)!r}' for f in given)})"


def options_of_cell(cell: Any) -> dict[str, Any]:
    """A cell's own options: its fields, where one holds a size or a number whether there is one."""
    options = dict(vars(cell))
    found = {name: options[name] for name in options if name not in ("input_size", "hidden_size", "proj_size")}
    if "proj_size" in options:
        found["projection"] = bool(options["proj_size"])
    for name, without in (("clip", None), ("forget_bias", 0.0)):
        if name in found:
            found[name] = found[name] != without
    return found


def mask_kind(mask: Array | None) -> str:
    """``none``, ``full`` (no step masked), ``rows`` (a row wholly masked), ``right`` (rows end early), ``left`` (rows
    begin late) or ``holes``."""
    if mask is None:
        return "none"
    if mask.all():
        return "full"
    if not mask.any(axis=1).all():
        return "rows"
    if (mask[:, :-1] >= mask[:, 1:]).all():
        return "right"
    return "left" if (mask[:, :-1] <= mask[:, 1:]).all() else "holes"


def lengths_kind(lengths: Array | None) -> str:
    """``none``, ``zero`` (a row of length 0), ``sorted`` (the longest first) or ``unsorted``."""
    if lengths is None:
        return "none"
    if not np.all(lengths):
        return "zero"
    return "sorted" if (np.diff(lengths) <= 0).all() else "unsorted"
