"""States by PyTorch's names, which others took over: all of h in one array, all of c in another, a row a layer and
direction: ``h_n`` and ``c_n`` where a layer ends, ``d_h_0`` and ``d_c_0`` for the gradients of where it began."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..common.descriptions import first_cell
from ..contract import Array, Case, Quantities

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
