"""What all probing cases have in common: every cotangent is given, and dropout leaves every unit to some row."""

from __future__ import annotations

import numpy as np

from ...contract import Array
from .. import building as drawing

FACTOR = 3  # a number that dropout leaves is multiplied by 2 or 4
_DROPPED = {"kernel": "dropout", "recurrent_kernel": "recurrent_dropout"}  # what multiplies what they meet


class Builder(drawing.Builder):
    """Follows few choices: most of a probing case follows from what it is for.

    All are made, as for any other case, so that Hypothesis can make a probing case that fails into a lesser one.
    """

    def factor(self, parameter: str) -> float:
        """What dropout multiplies that which the parameter meets by, where it leaves it."""
        return FACTOR if self.options.get(_DROPPED.get(parameter, "")) else 1

    @staticmethod
    def is_further(name: str) -> bool:
        """Whether the parameter of that name belongs to a layer that is not the first."""
        return "." in name and not name.startswith("l0")

    def asks_for(self, name: str) -> bool:
        super().asks_for(name)
        return True

    def dropped(self, shape: tuple[int, ...], rate: float) -> Array:
        found = super().dropped(shape, rate)
        if shape[-2] > 1:  # rows, or of the factors between layers steps
            kept = np.expand_dims(self.rng.integers(shape[-2], size=(*shape[:-2], shape[-1])), -2)
            everywhere = found.all(axis=-2, keepdims=True)
            np.put_along_axis(found, kept, np.take_along_axis(found, kept, -2) & ~everywhere, -2)
        return found
