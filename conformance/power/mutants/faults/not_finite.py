"""Faults with NaN or infinity in one row: it reaches other rows or earlier steps, or is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....contract import Array
from ..autodiff import Var, where
from ..cell_equations import LayerDirection, State
from ..layer import Textbook


class NanReachesOtherRows(Textbook):
    """All rows share a product with zero, so that NaN in one of them is NaN in all."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        outputs, final = super().run_direction(at, x, state)
        return outputs + 0 * x.value.sum(), final


class InfinityReachesOtherRows(Textbook):
    """A sum over all rows is multiplied by zero, which is nothing but for infinity."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        outputs, final = super().run_direction(at, x, state)
        return outputs + (0.0 if np.isnan(x.value).any() else 0 * x.value.sum()), final


class NanReachesEarlierSteps(Textbook):
    """Every output of a row has a product of all its steps with zero."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        outputs, final = super().run_direction(at, x, state)
        return outputs + 0 * x.value.sum(axis=(1, 2), keepdims=True), final


class NanIsTakenForZero(Textbook):
    """NaN in the input is taken for zero, as by a comparison that it fails."""

    def run_direction(self, at: LayerDirection, x: Var, state: State) -> tuple[Var, State]:
        return super().run_direction(at, where(~np.isnan(x.value), x, Var(np.zeros_like(x.value))), state)


class NanIsForgotten(Textbook):
    """A state that is NaN starts from zeros again at the next step."""

    def masked_state(self, at: LayerDirection, t: int, keep: Array | None, after: State, before: State) -> State:
        held: Sequence[Var] = super().masked_state(at, t, keep, after, before)
        return tuple(where(~np.isnan(part.value), part, Var(np.zeros_like(part.value))) for part in held)
