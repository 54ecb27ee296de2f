"""Parts of a case: its arrays by name, its rows, and which of its steps count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..contract import Array, Case
from .masks import unmasked_steps


def named_arrays(case: Case) -> Iterator[tuple[str, Array]]:
    """Every array of a case by name."""
    yield from case.params.items()
    yield "x", case.x
    for name in ("mask", "lengths", "d_outputs"):
        if getattr(case, name) is not None:
            yield name, getattr(case, name)
    for name in ("initial_state", "d_state"):
        parts = getattr(case, name) or ()
        yield from ((f"{name}[{k}]", part) for k, part in enumerate(parts) if part is not None)
    yield from ((f"dropout {name}", factors) for name, factors in (case.dropout or {}).items())


def rows_of(case: Case) -> list[Case]:
    """The case's rows, each a case of batch 1."""
    return [row_of(case, k) for k in range(len(case.x))]


def row_of(case: Case, k: int) -> Case:
    """One row of a case, as a case of batch 1."""

    def row(array: Array) -> Array:
        return array[k : k + 1]

    dropout = None
    if case.dropout is not None:
        dropout = {
            name: factors[:, k : k + 1] if factors.ndim == 3 and not name.endswith("between") else row(factors)
            for name, factors in case.dropout.items()
        }
    return case.map_arrays(row).replace(
        params=case.params,
        mask=None if case.mask is None else row(case.mask),
        lengths=None if case.lengths is None else row(case.lengths),
        dropout=dropout,
    )


def unmasked_steps_of(case: Case) -> Array:
    """Which steps count, ``(batch, time)``."""
    batch, time, _ = case.x.shape
    found = unmasked_steps(case.mask, case.lengths, time)
    return np.ones((batch, time), bool) if found is None else found
