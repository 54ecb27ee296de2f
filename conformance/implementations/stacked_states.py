"""States by PyTorch's names, which others took over: all of h in one array, all of c in another, a row a layer and
direction: ``h_n`` and ``c_n`` where a layer ends, ``d_h_0`` and ``d_c_0`` for the gradients of where it began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..common.descriptions import first_cell
from ..contract import Array, Case, Quantities
from .program import ProgramImplementation

_NAMES = (("{}_n", "state.{}"), ("d_{}_0", "d_initial_state.{}"))
_LETTERS = "hc"


def taken_apart(case: Case, native: Quantities, stacked: bool = True) -> dict[str, Array]:
    """The quantities with the states by our names; ``stacked`` False: each array is that of the only layer."""
    kinds, ours = len(first_cell(case.cell).state_names), dict(native)
    for theirs, name in _NAMES:
        for k, letter in enumerate(_LETTERS[:kinds]):
            array = ours.pop(theirs.format(letter), None)
            if array is not None:
                parts = zip(case.state_names[k::kinds], array if stacked else [array], strict=True)
                ours |= {name.format(n): part for n, part in parts}
    return ours


def put_together(
    case: Case, ours: Quantities, stack: Callable[[Case, Sequence[Array]], Sequence[Array]]
) -> dict[str, Array]:
    """The inverse: ``stack`` makes the arrays of h and of c from one array for each of the case's state names."""
    native = dict(ours)
    for theirs, name in _NAMES:
        parts = [native.pop(name.format(n), None) for n in case.state_names]
        if all(part is not None for part in parts):
            arrays = stack(case, [np.asarray(part) for part in parts])
            native |= {theirs.format(letter): array for letter, array in zip(_LETTERS, arrays, strict=False)}
    return native


def whole_d_state(case: Case) -> list[Array] | None:
    """The cotangents of all states, zeros for those that have none; None where no state has one."""
    if all(part is None for part in case.d_state or ()):
        return None
    sizes = zip(case.d_state or (), case.cell.state_sizes, strict=True)
    return [np.zeros((len(case.x), size), case.dtype) if part is None else part for part, size in sizes]


class StackedLayers(ProgramImplementation):
    """Layers that took over PyTorch's states, and its two layouts: ``batch-major`` and ``time-major``."""

    def given(self, case: Case) -> dict[str, Any]:
        """The weights, and what a call is given, cotangents included, as far as the case has it."""
        found: dict[str, Any] = {"weights": dict(self.dump(case.cell, case.params)), "x": self._sequence(case, case.x)}
        if case.initial_state is not None:
            found["initial_state"] = self._states(case, case.initial_state)
        if case.d_outputs is not None:
            found["d_outputs"] = self._sequence(case, case.d_outputs)
        if (d_state := whole_d_state(case)) is not None:
            found["d_state"] = self._states(case, d_state)
        if case.lengths is not None:
            found["lengths"] = case.lengths
        return found

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = taken_apart(case, super().from_native(case, native))
        return {n: self._sequence(case, v) if n in ("outputs", "d_x") else v for n, v in ours.items()}

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = put_together(case, super().to_native(case, ours), self._states)
        return {
            n: self._sequence(case, v) if n in ("outputs", "d_x") or n.startswith("gates.") else v
            for n, v in native.items()
        }

    def _sequence(self, case: Case, values: Array) -> Array:
        time_major = case.call_options.get("layout") == "time-major"
        return np.ascontiguousarray(values.swapaxes(0, 1)) if time_major else values

    def _states(self, case: Case, parts: Sequence[Array]) -> tuple[Array, ...]:
        """States, one array a state name in order, as one array of all h and one of all c."""
        kinds = len(first_cell(case.cell).state_names)
        return tuple(np.stack(parts[k::kinds]) for k in range(kinds))
