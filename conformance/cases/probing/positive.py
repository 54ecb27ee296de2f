"""Positive cases: a change of 1e-12 of any weight, or element of a gradient, shows in float64.

- no number of an array is less than half of its greatest; units are few, rows and steps several;
- parameters, inputs and cotangents are positive, so that no sum cancels and no unit is dead, and of a size at which
  nothing saturates; where activations do not hold the recurrence in bounds, its sums shrink what they are of;
- the inputs of some steps are small, and so is the initial state, so that the state is on its way: a gate between the
  old state and the new one shows only where they differ;
- every cotangent is given, those of the outputs of different sizes from step to step and row to row, so that a gradient
  is no sum of equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...common.descriptions import first_cell
from ...contract import Array
from ..building import Limits, is_bounded
from ..numbers import distinct, rounded
from ..option_space import Combination
from . import base

_LEAST = 0.5  # of an array's scale: no number is less
_SUMS = {"kernel": 1.0, "recurrent_kernel": 1.5, "projection_kernel": 1.5}  # the most that a column adds up to
_FED_BY_GATES = {"LSTM": 2.0, "GRU": 1.25}  # times so much for a further kernel: gates let little through
_RESET = {"GRU": 4 / 3}  # times so much for the recurrent kernel, through which alone a reset gate shows
_VECTORS = 0.25  # the scale of biases and peepholes
_SHRINKING = 0.6  # 1.5 times that is less than 1
_STEEP = 0.1  # of an exponential: its fixed point must stay near 1
_FLAT_BEYOND = {"hard_tanh": 1.0}  # others are not flat where these sums lie
_DECAY = 0.5  # from each cotangent of the outputs to the next lesser
_RANKS = 4  # after which they are all alike
_PAUSE = 0.25  # the scale of x in a step that is small
_BEGIN = 0.25  # the scale of the initial state: less than the states to come
_MOST = {"input": 2, "hidden": 2}
_LEAST_SIZES = {"batch": 3, "time": 4, "hidden": 2}


def is_for(combination: Combination) -> bool:
    """Whether positive numbers show a small fault of it and stay in bounds."""
    return combination["dtype"] not in ("float16", "bfloat16") and not _multiplies_freely(combination)


def _multiplies_freely(of: Combination) -> bool:
    """Whether a gate, or what it is multiplied with, may be of any size."""
    activations = of.get("output_activation") or of["activation"], of.get("recurrent_activation", "sigmoid")
    return of["kind"] != "SimpleRNN" and not all(map(is_bounded, activations))


class Builder(base.Builder):
    """Builds a positive case."""

    def _ranges(self, limits: Limits) -> dict[str, tuple[int, int]]:
        few = replace(limits, **{name: min(most, getattr(limits, name)) for name, most in _MOST.items()})
        ranges = super()._ranges(few)
        return {name: (min(max(low, _LEAST_SIZES.get(name, 1)), high), high) for name, (low, high) in ranges.items()}

    def array(self, shape: Sequence[int], magnitudes: Sequence[float], label: str) -> Array:
        super().array(shape, magnitudes, label)
        found = self.positive(shape, magnitudes[0])
        if label == "d_outputs":
            ranks = self.rng.permutation(found.shape[0] * found.shape[1]).reshape(found.shape[:2])
            found *= (_DECAY ** np.minimum(ranks, _RANKS))[:, :, None].astype(found.dtype)
        return found

    def positive(self, shape: Sequence[int], scale: float) -> Array:
        """Positive numbers, none less than half of the scale."""
        return rounded(np.abs(distinct(self.rng, shape, scale, self.plain, _LEAST)), self.options["dtype"])

    def inputs(self, shape: Sequence[int]) -> Array:
        super().inputs(shape)
        pauses = self.rng.random(shape[:2]) < 1 / 2
        found = self.positive(shape, 1.0)
        return np.where(pauses[:, :, None], found * found.dtype.type(_PAUSE), found)

    def lengths(self, batch: int, time: int) -> Array | None:
        found = super().lengths(batch, time)
        if found is not None:
            found[np.argmax(found)] = time
        return found

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        super().parameter(cell, name, shape)
        what = name.rpartition(".")[2]
        if what not in _SUMS:
            return self.positive(shape, _VECTORS * self.slack(cell))
        total = _SUMS[what] * self.slack(cell) / self.factor(what)
        if what == "kernel" and self.is_further(name):
            total *= _FED_BY_GATES.get(self.options["kind"], 1.0)
        if what == "recurrent_kernel":
            total *= _RESET.get(self.options["kind"], 1.0)
        return self.positive(shape, total / shape[0])

    def slack(self, cell: Any) -> float:
        """What all parameters are multiplied with, so that nothing saturates and nothing grows."""
        if self.steep:
            return _STEEP
        flat = [at for name, at in _FLAT_BEYOND.items() if name in self.options.values()]
        flat += [limit for limit in (getattr(first_cell(cell), "clip", None),) if limit]
        held = self.holds_in_bounds and self.anywhere == self.allowed(True)
        return min([1.0 if held else _SHRINKING, *(at / 2 for at in flat)])

    def initial_state(self, cell: Any) -> tuple[Array, ...]:
        super().initial_state(cell)
        return tuple(self.positive((self.sizes["batch"], size), _BEGIN) for size in cell.state_sizes)
