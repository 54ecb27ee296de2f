"""A layer that is wrong where a condition holds, and else right: what the faults behind a condition are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ....common.descriptions import first_cell
from ....contract import Array, Case
from ..layer import Textbook


class Conditional(Textbook):
    """The layer, whose answers are off by a thousandth where a condition holds."""

    spoils: tuple[str, ...] = ("outputs",)

    def holds(self, case: Case) -> bool:
        """Whether the layer is wrong in this case."""
        return False

    def observe(self, case: Case) -> dict[str, Array]:
        found = super().observe(case)
        return self.spoiled(case, found) if self.holds(case) else found

    def spoiled(self, case: Case, found: Mapping[str, Array]) -> dict[str, Array]:
        """The answers, with those that ``spoils`` names off."""
        return {name: _off(value) if name.startswith(self.spoils) else value for name, value in found.items()}


def _off(value: Array) -> Array:
    return np.where(value == 0, 1e-3, value * 1.001).astype(value.dtype)


class ConditionalGradients(Conditional):
    """The same of gradients."""

    spoils = ("d_params", "d_x")


def is_right_about(implementation: object, case: Case) -> bool:
    """Whether nothing need be computed to know that its answer is the textbook's: its condition does not hold."""
    return isinstance(implementation, Conditional) and not implementation.holds(case)


def units_of(case: Case) -> int:
    return int(first_cell(case.cell).hidden_size)
