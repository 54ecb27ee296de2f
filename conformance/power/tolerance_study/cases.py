"""The cases of a study: each follows from the seed and its number alone, so that any of them can be drawn again.

Two hundred in a row have their options and sizes in common, so that what a framework compiles is used more than once.
Ten of them are of a real layer's size, another one for all ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np

from ...cases.building import SizeLimits, build_case
from ...cases.choosers import SeededChooser
from ...cases.option_space import Combination
from ...cases.probing import build_probing
from ...cases.sizes import build_real_case, can_have_any_size
from ...common.descriptions import first_cell
from ...contract import Case, attribute_of
from ...suite.session import Session

T = TypeVar("T")

GROUP_SIZE = 200
_SHARES = {"9 units": 8, "32 units": 8, "128 units": 3, "256 units": 1}  # of 20 groups
_REAL = 7  # of 20 numbers
MOST_STEPS = 20  # steps at most, in one group of four; the others have fewer


class Ordinary(SeededChooser):
    """Chooses the ordinary magnitude of all arrays: about a half, not tiny and not saturating."""

    def one_of(self, values: Sequence[T], label: str) -> T:
        return values[0] if label.startswith("magnitude") else super().one_of(values, label)


def manner_of(number: int) -> str:
    """How the case of that number is drawn: one of ten ordinary, one of ten to probe, one of 20 of real size."""
    if number % 20 == _REAL:
        return "of real size"
    return {0: "ordinary", 5: "probing"}.get(number % 10, "as drawn")


def looks_for_faults(number: int) -> bool:
    """Whether the least faults are looked for in the case of that number: three of twenty, one of each manner."""
    return number % 20 in (0, 5, 13)


class StudyCases:
    """The cases of one implementation in one dtype, from one seed."""

    def __init__(self, session: Session, dtype: str, seed: int) -> None:
        self.session, self.dtype, self.seed = session, dtype, seed
        self._shared: dict[int, tuple[Combination, SizeLimits, dict[str, int]]] = {}  # of the last group asked for

    @cached_property
    def combinations(self) -> list[Combination]:
        """What may be drawn: the valid combinations of options."""
        return [one for one in self.session.space.valid if one["dtype"] == self.dtype]

    @cached_property
    def of_any_size(self) -> list[Combination]:
        """Those of them that may be of a real layer's size."""
        return [one for one in self.combinations if can_have_any_size(one)]

    def case(self, number: int) -> Case:
        """The case of that number."""
        group = number // GROUP_SIZE
        if group not in self._shared:
            self._shared = {group: self.group_options(group)}
        combination, limits, sizes = self._shared[group]
        manner = manner_of(number)
        if manner == "of real size" and self.of_any_size and attribute_of(self.session.implementation, "sizes") is None:
            rng = np.random.default_rng((self.seed, group, 1))
            combination = self.of_any_size[int(rng.integers(len(self.of_any_size)))]
            size = list(_SHARES)[int(np.searchsorted(np.cumsum(list(_SHARES.values())), rng.integers(20), "right"))]
            return self.session.prepared(build_real_case(combination, size, int(rng.integers(2**31)) + number))
        made, built = (
            Ordinary if manner == "ordinary" else SeededChooser,
            build_probing if manner == "probing" else build_case,
        )
        return self.session.prepared(built(made(self.seed, group, number, sizes=sizes), combination, limits))

    def group_options(self, group: int) -> tuple[Combination, SizeLimits, dict[str, int]]:
        """What the cases of a group have in common: options, the greatest sizes, and the sizes."""
        rng = np.random.default_rng((self.seed, group))
        combination, cells = self.combination(rng)
        limits = SizeLimits(time=MOST_STEPS if rng.random() < 1 / 4 and cells < 3 else 7 if cells == 1 else 5)
        first = build_case(SeededChooser(self.seed, group), combination, limits)
        batch, time, size = first.x.shape
        hidden = first_cell(first.cell).hidden_size
        return combination, limits, {"batch": batch, "time": time, "input": size, "hidden": hidden}

    def combination(self, rng: np.random.Generator) -> tuple[Combination, int]:
        """One of the combinations, and how many cells it has: one of many is so much rarer as it takes longer."""
        while True:
            found = self.combinations[int(rng.integers(len(self.combinations)))]
            cells = found["layers"] * (2 if found["direction"] == "both" else 1)
            if rng.random() < 1 / cells:
                return found, cells
