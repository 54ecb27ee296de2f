"""What all probing cases have in common: every cotangent is given, and dropout keeps every unit in some row."""

from __future__ import annotations

import numpy as np

from ...contract import Array
from ..building import CaseBuilder

KEPT_FACTOR = 3  # dropout multiplies what it keeps by 2 or 4
_DROPOUT_OF_OPERAND = {"kernel": "dropout", "recurrent_kernel": "recurrent_dropout"}


class ProbingCaseBuilder(CaseBuilder):
    """Follows few of the chooser's choices: most of a probing case follows from its purpose.

    All choices are made nonetheless, as for an ordinary case, so that Hypothesis can shrink a probing case that fails.
    """

    def dropout_factor(self, parameter: str) -> float:
        """By what dropout multiplies the other operand of the parameter's product, where it keeps it."""
        return KEPT_FACTOR if self.options.get(_DROPOUT_OF_OPERAND.get(parameter, "")) else 1

    @staticmethod
    def is_of_upper_layer(name: str) -> bool:
        """Whether the parameter belongs to a layer above the first."""
        return "." in name and not name.startswith("l0")

    def has_cotangent(self, name: str) -> bool:
        super().has_cotangent(name)
        return True

    def dropped(self, shape: tuple[int, ...], rate: float) -> Array:
        found = super().dropped(shape, rate)
        if shape[-2] > 1:  # rows, or of the factors between layers steps
            kept = np.expand_dims(self.rng.integers(shape[-2], size=(*shape[:-2], shape[-1])), -2)
            everywhere = found.all(axis=-2, keepdims=True)
            np.put_along_axis(found, kept, np.take_along_axis(found, kept, -2) & ~everywhere, -2)
        return found
