"""Well-conditioned cases: a relative change of 1e-5 of any recurrent weight, or of its gradient, shows in float32.

1e-5 are 168 unit roundoffs, and a step of an LSTM may lose a good part of that. So nothing may dilute what a weight
does:

- there is one unit and one input, so that sums are short; there are two steps, or three where some are masked, so that
  errors do not add up; a single row without a bias has four, as a large input can set the state anew;
- the recurrent kernel is large against the kernel, and biases keep the gates where their slope is large: in the second
  step the product of the state, which is known well, and the weight is most of a sum;
- there are four rows, each with other gates open, so that every gate matters in some row;
- one row has much greater cotangents than the others, so that it alone makes the gradients.

The scales below, by gate in the order of a kernel's columns, were found by a search
(`conformance.power.tolerance_study.scales`). Every number of a case is its scale times a factor of its own. Upper
layers without a bias have only the layer below to keep their gates open: some of their weights show less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...contract import Array
from ..building import SizeLimits
from ..numbers import distinct_numbers, rounded
from ..option_space import Combination
from . import base

_LEAST_FACTOR, _GREATEST_FACTOR = 0.8, 1.2
_ROWS, _STEPS = 4, 2


@dataclass(frozen=True)
class Scales:
    """How large the numbers are: by gate, by row and step, or by state.

    kernel                the first layer's
    upper_kernel_factor   an upper layer's kernel is ``kernel`` times this
    recurrent_kernel      every layer's
    bias                  the sum of a gate's biases
    x                     by row and step
    x_of_single_row       by step, where there is one row only
    d_outputs             cotangents of the outputs, by step
    d_state               cotangents of the final state, by state
    d_row_factor          all cotangents of a row are multiplied by this
    initial_state         by state
    """

    kernel: tuple[float, ...]
    upper_kernel_factor: tuple[float, ...]
    recurrent_kernel: tuple[float, ...]
    bias: tuple[float, ...]
    x: tuple[tuple[float, ...], ...]
    x_of_single_row: tuple[float, ...]
    d_outputs: tuple[float, ...]
    d_state: Mapping[str, float]
    d_row_factor: tuple[float, ...]
    initial_state: Mapping[str, float]


def is_possible(combination: Combination) -> bool:
    """Whether there are scales for these options."""
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid", "output_activation": None}
    return (
        combination["dtype"] == "float32"
        and all(combination.get(name, value) == value for name, value in usual.items())
        and combination.get("backward_cell", "alike") == "alike"
        and not any(combination.get(name) for name in ("peepholes", "input_forget", "forget_bias", "clip"))
    )


class WellConditionedCaseBuilder(base.ProbingCaseBuilder):
    """Builds a well-conditioned case."""

    @property
    def scales(self) -> Scales:
        kind = self.options["kind"] + ", projected" * bool(self.options.get("projection"))
        return SCALES[kind, self._bias_count() > 0]

    def _bias_count(self) -> int:
        return sum(self.options.get(name, False) for name in ("use_bias", "use_recurrent_bias"))

    def _size_ranges(self, limits: SizeLimits) -> dict[str, tuple[int, int]]:
        least = super()._size_ranges(limits)
        time = _STEPS if least["batch"][1] > 1 else len(self.scales.x_of_single_row)
        if not self.options["mask"] == self.options["lengths"] == "none":
            time = max(time, _STEPS + 1)
        wanted = {"batch": _ROWS, "time": time, "input": 1, "hidden": 1}
        return {name: (min(max(low, wanted[name]), high),) * 2 for name, (low, high) in least.items()}

    def scaled(self, scales: Any, shape: Sequence[int]) -> Array:
        """Numbers of these scales, each times a factor of its own."""
        above = _LEAST_FACTOR / _GREATEST_FACTOR
        factors = np.abs(distinct_numbers(self.rng, shape, _GREATEST_FACTOR, few_digits=False, above=above))
        return rounded(np.asarray(scales) * factors, self.options["dtype"])

    def mask(self, batch: int, time: int) -> Array | None:
        """All rows but the first are masked in one step; a mask of kind `rows` masks the first row wholly."""
        found = super().mask(batch, time)
        if found is None or found.all():
            return found
        kind = self.options["mask"]
        found = np.ones_like(found)
        if kind == "rows":
            found[0] = False
        else:
            found[min(1, batch - 1) :, {"left": 0, "holes": 1, "right": time - 1}[kind]] = False
        return found

    def lengths(self, batch: int, time: int) -> Array | None:
        """All rows but one, which is not the last, lack one step."""
        found = super().lengths(batch, time)
        if found is None:
            return None
        kind = self.options["lengths"]
        found = np.full_like(found, time - 1)
        found[0 if kind == "sorted" else 1] = time
        if kind == "zero":
            found[0] = 0
        return found

    def inputs(self, shape: Sequence[int]) -> Array:
        super().inputs(shape)
        batch, time, _ = shape
        x = np.array([np.resize(self.scales.x_of_single_row, time)] if batch == 1 else self.scales.x)
        return self.scaled(x[-batch:, :time, None], shape)

    def parameter(self, cell: Any, name: str, shape: Sequence[int]) -> Array:
        super().parameter(cell, name, shape)
        what, scales, options = name.rpartition(".")[2], self.scales, self.options
        if what == "projection_kernel":
            return self.scaled(1.0, shape)
        if "bias" in what:
            by_gate = np.array(scales.bias) / self._bias_count()
        else:
            by_gate = np.array(getattr(scales, what)) / self.dropout_factor(what)
        if what == "kernel" and self.is_of_upper_layer(name):
            by_gate = (
                by_gate
                * scales.upper_kernel_factor
                / (shape[0] * (base.KEPT_FACTOR if options["between_dropout"] else 1))
            )
        return self.scaled(np.repeat(by_gate, shape[-1] // len(by_gate)), shape)

    def initial_state(self, cell: Any) -> tuple[Array, ...]:
        super().initial_state(cell)
        return tuple(
            self.scaled(self.scales.initial_state[name.rpartition(".")[2]], (self.sizes["batch"], size))
            for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
        )

    def dropped(self, shape: tuple[int, ...], rate: float) -> Array:
        """The whole first row; where it is the only one, or between layers, at most one number of its last step."""
        found = np.zeros_like(super().dropped(shape, rate))
        batch, time = self.sizes["batch"], self.sizes["time"]
        if len(shape) == 3 and shape[:2] == (batch, time):
            found[0, -1, 0] = True
        elif batch > 1:
            found[..., 0, :] = True
        return found

    def array(self, shape: Sequence[int], scales: Sequence[float], label: str) -> Array:
        found, batch = super().array(shape, scales, label), shape[0]
        if not label.startswith("d_"):
            return found
        rows = np.array(self.scales.d_row_factor[-batch:] if batch > 1 else (1.0,))
        if label == "d_outputs":
            steps = np.resize(self.scales.d_outputs, shape[1]) if shape[1] > 1 else 1.0
            return self.scaled((rows[:, None] * steps)[:, :, None], shape)
        return self.scaled(rows[:, None] * self.scales.d_state[label.rpartition(".")[2].removeprefix("d_")], shape)


SCALES: dict[tuple[str, bool], Scales] = {
    ("SimpleRNN", True): Scales(
        kernel=(0.5,),
        upper_kernel_factor=(0.35,),
        recurrent_kernel=(0.49,),
        bias=(0.4,),
        x=((0.44, 0.5, 0.31), (1.2, -0.73, 0.3), (-0.8, 2, 0.4), (0.1, -0.29, 0.5)),
        x_of_single_row=(1, 0.5),
        d_outputs=(0.093, 1.2, 0.05),
        d_state={"h": 1},
        d_row_factor=(0.1, 0.1, 0.27, 1.1),
        initial_state={"h": 0.087},
    ),
    ("SimpleRNN", False): Scales(
        kernel=(0.83,),
        upper_kernel_factor=(0.26,),
        recurrent_kernel=(0.66,),
        bias=(0,),
        x=((0.14, 0.12, 0.59), (4.6, -0.42, 0.11), (0.26, -3, 0.1), (0.018, -0.034, 0.04)),
        x_of_single_row=(0.25, 1),
        d_outputs=(-0.12, 0.87, 0.091),
        d_state={"h": 6.2},
        d_row_factor=(1.2, 0.043, 0.039, 0.43),
        initial_state={"h": 0.25},
    ),
    ("LSTM", True): Scales(
        kernel=(0.037, -0.2, -0.17, -0.083),
        upper_kernel_factor=(11, -1.6, 0.4, 3.8),
        recurrent_kernel=(4.1, 13, 2.4, 7),
        bias=(0.78, 0.43, -0.36, 0.16),
        x=((3.5e-05, 150, -0.18), (-5.2, -0.0094, -32), (6.3, -1, 1.5), (0.00043, 6.5e-06, 0.075)),
        x_of_single_row=(0.67, -0.7),
        d_outputs=(-0.042, -0.00045, -0.017),
        d_state={"h": -62, "c": 180},
        d_row_factor=(-1.6e-07, -3.5e-07, -0.00011, 15000),
        initial_state={"h": -3.7e-05, "c": -0.12},
    ),
    ("LSTM", False): Scales(
        kernel=(0.96, -0.092, -0.26, 0.32),
        upper_kernel_factor=(-0.5, -13, -17, 0.14),
        recurrent_kernel=(1.8, 6.2, 1.7, 4.5),
        bias=(0, 0, 0, 0),
        x=((170, -1.5, 0.13), (-0.57, 93, -0.16), (9.2, -42, 0.028), (0.18, 0.11, -0.094)),
        x_of_single_row=(0.016, -1.6, 15, 0.043),
        d_outputs=(0.0027, 0.0001, -0.13, 0.39),
        d_state={"h": -0.83, "c": -0.93},
        d_row_factor=(1.3e-05, 0.00012, 0.012, 0.019),
        initial_state={"h": -2e-06, "c": -0.014},
    ),
    ("LSTM, projected", True): Scales(
        kernel=(0.032, 0.28, -0.064, 0.043),
        upper_kernel_factor=(6.8, 4.5, 0.31, 20),
        recurrent_kernel=(2.8, 11, 1.3, 9.6),
        bias=(0.13, 0.24, -0.23, 0.27),
        x=((6.1e-05, 95, 0.36), (-120, 0.15, -8.9), (1.1, -2.9, -0.015), (1.6e-05, 4.7e-07, 0.23)),
        x_of_single_row=(1.3, -0.37),
        d_outputs=(0.61, 0.0025, -0.1),
        d_state={"h": -3.8, "c": 2.9},
        d_row_factor=(1.5e-08, 9e-08, 2.1e-06, -6000),
        initial_state={"h": -5.4e-05, "c": -0.054},
    ),
    ("LSTM, projected", False): Scales(
        kernel=(1.4, -0.13, -2.3, 0.0062),
        upper_kernel_factor=(-0.24, 1.4, -0.92, 2.3),
        recurrent_kernel=(1.2, 2.2, 1.4, 6.2),
        bias=(0, 0, 0, 0),
        x=((-1400, -0.94, -7.8), (0.064, 8.9, 0.27), (5.9, -18, 0.027), (0.15, 0.11, -0.2)),
        x_of_single_row=(0.42, 0.1, 210, -0.31),
        d_outputs=(0.0032, -0.00028, -0.28, -0.95),
        d_state={"h": 5.2, "c": 15},
        d_row_factor=(2.1e-06, -5.9e-05, 0.013, 0.051),
        initial_state={"h": 7.8e-08, "c": -0.86},
    ),
    ("GRU", True): Scales(
        kernel=(0.031, 0.025, -0.0054),
        upper_kernel_factor=(-13, -11, -5.6),
        recurrent_kernel=(-4.4, -2.8, -2.8),
        bias=(-1.7, -0.7, -0.58),
        x=((850, -360, 58), (0.0018, 6.6e-05, 2.2e-05), (-18, -1.6e-05, 0.0011), (1.2, -0.12, 0.0074)),
        x_of_single_row=(6.9, -0.1),
        d_outputs=(-0.0046, 6.1, -0.01),
        d_state={"h": -2000},
        d_row_factor=(-7e-06, 2.6e-06, -0.00035, -7.9),
        initial_state={"h": -8.4e-07},
    ),
    ("GRU", False): Scales(
        kernel=(-0.43, -0.77, 0.16),
        upper_kernel_factor=(2.6, 7.6, 5.7),
        recurrent_kernel=(-4.5, -5.4, -1.4),
        bias=(0, 0, 0),
        x=((0.13, 4.9, -0.19), (630, -1.9, 0.039), (19, -0.37, 4.3), (1.4, -0.082, 8.6)),
        x_of_single_row=(0.33, 2, 37, 0.13),
        d_outputs=(-0.021, -1.1, 0.00012, -0.071),
        d_state={"h": -9700},
        d_row_factor=(0.00048, 0.0006, 0.44, 0.11),
        initial_state={"h": 0.12},
    ),
}
"""By kind of cell, and whether it has any bias."""
