"""Checks that the layouts' states share."""

from __future__ import annotations

from typing import Any

from .. import checks
from ..arrays import Array
from ..errors import InvalidArgument
from ..parameters import Cell, State
from ..stack import Stack


def checked(cell: Cell | Stack, name: str, arrays: Any) -> State:
    """As many arrays as the cell has states, each ``(batch, size)``, all of one batch, of a dtype of weights."""
    names, sizes = cell.state_names, cell.state_sizes
    given = checks.sequence(name, arrays, f"{len(names)} arrays ({', '.join(names)})", len(names))
    found: list[Array] = [checks.weights(f"{name}[{k}]", array) for k, array in enumerate(given)]
    batch = found[0].shape[0] if found[0].ndim else 0
    for k, (array, its, size) in enumerate(zip(found, names, sizes, strict=True)):
        if array.shape != (batch, size):
            raise InvalidArgument(
                f"{name}[{k}]", expected=f"{its}, shape ({batch}, {size})", got=f"shape {array.shape}"
            )
    return tuple(array.copy() for array in found)
