"""How much a mask or lengths leave: every step of every row though they are given, as much of each row, or nothing."""

from __future__ import annotations

import numpy as np

from ...common.descriptions import mask_kind
from ...contract import Array
from ..masks import random_lengths
from ..option_space import Combination

FULL, EQUAL, SHORT = "every row full", "all rows equally short", "no row full"
NOTHING, OF_ONE = "nothing of any row", "nothing of the only row"
EXTENTS = (FULL, EQUAL, SHORT, NOTHING, OF_ONE)

_OF_MASKS = {
    "full": (FULL,),
    "right": (EQUAL, SHORT),
    "left": (EQUAL, SHORT),
    "holes": (EQUAL, SHORT),
    "rows": (NOTHING, OF_ONE),
}
_OF_LENGTHS = {"sorted": (FULL, EQUAL, SHORT), "unsorted": (SHORT,), "zero": (NOTHING, OF_ONE)}


def can_have(combination: Combination, extent: str) -> bool:
    """Whether the kind of mask or lengths can leave so much."""
    if extent == OF_ONE and combination.get("layout") == "time-major" and combination.get("enforce_sorted"):
        return False
    return extent in _OF_MASKS.get(combination["mask"], ()) + _OF_LENGTHS.get(combination["lengths"], ())


def least_sizes(options: Combination) -> dict[str, int]:
    """The least batch and time that such options can have."""
    mask, lengths, extent = options["mask"], options["lengths"], options.get("extent")
    several_rows = (mask == "rows" or lengths in ("unsorted", "zero")) and extent != OF_ONE
    two_steps = mask != "none" or lengths in ("unsorted", "zero") or extent in (EQUAL, SHORT)
    three_steps = mask == "holes" or (lengths == "unsorted" and extent == SHORT)
    return {"batch": 2 if several_rows else 1, "time": 3 if three_steps else 2 if two_steps else 1}


def limited_mask(mask: Array | None, extent: str | None) -> Array | None:
    """A random mask of some kind (`masks.random_mask`), which leaves so much."""
    if mask is None or extent is None:
        return mask
    found, kind = mask.copy(), mask_kind(mask)
    if extent in (NOTHING, OF_ONE):
        found[:] = False
    elif extent == EQUAL:
        found[:] = next(row for row in mask if mask_kind(row[None]) == kind)
    elif extent == SHORT:
        found[found.all(axis=1), {"right": -1, "left": 0}.get(kind, 1)] = False
    return found


def limited_lengths(
    lengths: Array | None, extent: str | None, kind: str, rng: np.random.Generator, time: int
) -> Array | None:
    """Random lengths of that kind (`masks.random_lengths`), which leave so much."""
    if lengths is None or extent is None:
        return lengths
    if extent == SHORT:
        return random_lengths(kind, rng, len(lengths), time - 1)
    if extent == EQUAL:
        return np.full_like(lengths, rng.integers(1, time))
    return np.full_like(lengths, time if extent == FULL else 0)
