"""Probing cases: built so that a small fault of any one weight, or of any element of a gradient, shows.

In the cases of `drawing` a random weight is often tiny, or meets a unit that is: what it changes is less than what the
other terms of its sum may lose by rounding. Units are dead or saturated, and a gradient's terms cancel. All of that
belongs into a suite, and none of it shows a small fault. So some cases are drawn otherwise:

- no number of an array is less than half of its greatest; units are few, rows and steps several;
- parameters, inputs and cotangents are positive, so that no sum cancels and no unit is dead, and of a size at which
  nothing saturates; where activations do not hold the recurrence in bounds, its sums shrink what they are of;
- the inputs of some steps are small, and so is the initial state, so that the state is on its way: a gate between the
  old state and the new one shows only where they differ;
- every cotangent is given, those of the outputs of different sizes from step to step and row to row, so that a gradient
  is no sum of equals; and dropout leaves every unit to some row.

Faults of signs, of order and of the far ends are for the other cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .arrays import distinct, rounded
from .cases import Array, Case, first_cell
from .drawing import Builder, Choices, Limits, build, is_bounded
from .options import Combination

_LEAST = 0.5  # of an array's scale: no number is less
_SUMS = {"kernel": 1.0, "recurrent_kernel": 1.5, "projection_kernel": 1.5}  # the most that a column adds up to
_DROPPED = {"kernel": "dropout", "recurrent_kernel": "recurrent_dropout"}  # what multiplies what they meet, by 2 or 4
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


def build_probing(choices: Choices, combination: Combination, limits: Limits | None = None) -> Case:
    """A probing case with exactly these options.

    One like any other in half precision, which shows no small fault, and where gates multiply what nothing holds in
    bounds, since of positive numbers that overflows within a few steps.
    """
    if combination["dtype"] in ("float16", "bfloat16") or _multiplies_freely(combination):
        return build(choices, combination, limits)
    return _Probing(choices, combination, limits or Limits()).case()


def _multiplies_freely(of: Combination) -> bool:
    """Whether a gate, or what it is multiplied with, may be of any size."""
    activations = of.get("output_activation") or of["activation"], of.get("recurrent_activation", "sigmoid")
    return of["kind"] != "SimpleRNN" and not all(map(is_bounded, activations))


def is_probing(*seed: int) -> bool:
    """Whether the case of that seed is a probing one, where nothing but the seed decides: one of four is."""
    return bool(np.random.default_rng(seed).integers(4) == 0)


class _Probing(Builder):
    """Follows few choices: most of a probing case follows from what it is for.

    All are made, as for any other case, so that Hypothesis can make a probing case that fails into a lesser one.
    """

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
        total = _SUMS[what] * self.slack(cell)
        if self.options.get(_DROPPED.get(what, "")):
            total /= 3
        if what == "kernel" and not name.startswith(("kernel", "l0")):
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
