"""Which change of a cell makes it the other file's cell: one, or two at once."""

from __future__ import annotations

import numpy as np

from . import of_cells
from .units import Differences, Unit, differences

_NEARER = 8.0
"""By so much a first change must bring an array nearer for a second one to be tried on top of it."""


def explained(one: Unit, other: Unit, found: Differences) -> str:
    """The change, in words, after which the two cells are the same; empty where neither one nor two do.

    Of two changes the first must have got somewhere: an option or an array is right, or much nearer. So two are tried
    for little more than the price of one, whatever the size of the cell.
    """
    begun = []
    for sentence, changed in of_cells.of_a_cell(one):
        left = differences(changed, other)
        if left.none:
            return sentence
        if _nearer(found, left):
            begun.append((sentence, changed))
    for first, changed in begun:
        for second, both in of_cells.of_a_cell(changed):
            if differences(both, other).none:
                return f"{first}, and {second}"
    return ""


def _nearer(before: Differences, after: Differences) -> bool:
    if set(before.options) - set(after.options):
        return True
    return any(
        name not in after.arrays or (np.isfinite(by) and after.arrays[name] * _NEARER <= by)
        for name, by in before.arrays.items()
    )
