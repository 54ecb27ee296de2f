"""Positive cases: a relative change of 1e-12 of any weight, or of any element of a gradient, shows in float64.

- no number of an array is less than half of the greatest; there are few units, several rows and steps;
- parameters, inputs and cotangents are positive, so that no sum cancels and no unit is dead, and small enough that
  nothing saturates; where no activation keeps the recurrence in bounds, the recurrent kernel shrinks the state;
- the inputs of some steps are small, and so is the initial state, so that the state changes from step to step: a gate
  between the old state and the new one shows only where they differ;
- every cotangent is given; those of the outputs differ in size from step to step and row to row, so that a gradient is
  no sum of equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...common.descriptions import first_cell
from ...contract import Array
from .. import magnitudes
from ..building import SizeLimits
from ..magnitudes import is_bounded
from ..numbers import distinct_numbers, rounded
from ..option_space import Combination
from . import base

_LEAST_OF_SCALE = 0.5  # no number is less than this fraction of its array's scale
_COLUMN_SUMS = {"kernel": 1.0, "recurrent_kernel": 1.5, "projection_kernel": 1.5}  # the most that a column adds up to
_UPPER_KERNEL = {"LSTM": 2.0, "GRU": 1.25}  # the kernel of an upper layer, times this: gates let little through
_RECURRENT_KERNEL = {"GRU": 4 / 3}  # the recurrent kernel, times this: a reset gate shows through it alone
_VECTOR_SCALE = 0.25  # of biases and peepholes
_SHRINKING = 0.6  # 1.5 times this is less than 1
_OF_EXPONENTIAL = 0.1  # its fixed point must stay near 1
_FLAT_BEYOND = {"hard_tanh": 1.0}  # others are not flat where these sums lie
_COTANGENT_DECAY = 0.5  # from each cotangent of the outputs to the next smaller one
_COTANGENT_RANKS = 4  # after which all are alike
_SMALL_X_SCALE = 0.25  # of x in the steps that are small
_INITIAL_STATE_SCALE = 0.25  # less than the states to come
_GREATEST_SIZES = {"input": 2, "hidden": 2}
_LEAST_SIZES = {"batch": 3, "time": 4, "hidden": 2}


def is_possible(combination: Combination) -> bool:
    """Whether positive numbers show a small fault with these options, and stay in bounds."""
    return not magnitudes.is_half_precision(combination) and not _multiplies_unbounded(combination)


def _multiplies_unbounded(options: Combination) -> bool:
    """Whether a gate, or what it is multiplied with, may be of any size."""
    activations = (
        options.get("output_activation") or options["activation"],
        options.get("recurrent_activation", "sigmoid"),
    )
    return options["kind"] != "SimpleRNN" and not all(map(is_bounded, activations))


class PositiveCaseBuilder(base.ProbingCaseBuilder):
    """Builds a positive case."""

    def _size_ranges(self, limits: SizeLimits) -> dict[str, tuple[int, int]]:
        few = replace(limits, **{name: min(most, getattr(limits, name)) for name, most in _GREATEST_SIZES.items()})
        ranges = super()._size_ranges(few)
        return {name: (min(max(low, _LEAST_SIZES.get(name, 1)), high), high) for name, (low, high) in ranges.items()}

    def array(self, shape: Sequence[int], scales: Sequence[float], label: str) -> Array:
        super().array(shape, scales, label)
        found = self.positive(shape, scales[0])
        if label == "d_outputs":
            ranks = self.rng.permutation(found.shape[0] * found.shape[1]).reshape(found.shape[:2])
            found *= (_COTANGENT_DECAY ** np.minimum(ranks, _COTANGENT_RANKS))[:, :, None].astype(found.dtype)
        return found

    def positive(self, shape: Sequence[int], scale: float) -> Array:
        """Positive numbers, none less than half of the scale."""
        numbers = distinct_numbers(self.rng, shape, scale, self.few_digits, _LEAST_OF_SCALE)
        return rounded(np.abs(numbers), self.options["dtype"])

    def inputs(self, shape: Sequence[int]) -> Array:
        super().inputs(shape)
        small_steps = self.rng.random(shape[:2]) < 1 / 2
        found = self.positive(shape, 1.0)
        return np.where(small_steps[:, :, None], found * found.dtype.type(_SMALL_X_SCALE), found)

    def lengths(self, batch: int, time: int) -> Array | None:
        found = super().lengths(batch, time)
        if found is not None:
            found[np.argmax(found)] = time
        return found

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        super().parameter(cell, name, shape)
        what = name.rpartition(".")[2]
        if what not in _COLUMN_SUMS:
            return self.positive(shape, _VECTOR_SCALE * self.parameter_factor(cell))
        total = _COLUMN_SUMS[what] * self.parameter_factor(cell) / self.dropout_factor(what)
        if what == "kernel" and self.is_of_upper_layer(name):
            total *= _UPPER_KERNEL.get(self.options["kind"], 1.0)
        if what == "recurrent_kernel":
            total *= _RECURRENT_KERNEL.get(self.options["kind"], 1.0)
        return self.positive(shape, total / shape[0])

    def parameter_factor(self, cell: Any) -> float:
        """By what all parameters are multiplied, so that nothing saturates and nothing grows from step to step."""
        if magnitudes.explodes(self.options):
            return _OF_EXPONENTIAL
        flat = [at for name, at in _FLAT_BEYOND.items() if name in self.options.values()]
        flat += [limit for limit in (getattr(first_cell(cell), "clip", None),) if limit]
        bounded = magnitudes.of_recurrent_kernel(self.options) is None
        return min([1.0 if bounded else _SHRINKING, *(at / 2 for at in flat)])

    def initial_state(self, cell: Any) -> tuple[Array, ...]:
        super().initial_state(cell)
        return tuple(self.positive((self.sizes["batch"], size), _INITIAL_STATE_SCALE) for size in cell.state_sizes)
