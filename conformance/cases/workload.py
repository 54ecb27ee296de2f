"""Work that is timed: a cell, a dtype, sizes, with or without gradients; the same numbers for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import refimpl as ri

from ..contract import Case

Size = tuple[int, int, int, int]

CELLS: Mapping[str, Any] = {
    "SimpleRNN": ri.SimpleRNN,
    "LSTM": ri.LSTM,
    "GRU": lambda inputs, hidden: ri.GRU(inputs, hidden, reset_after=True),
    "GRU, reset before": lambda inputs, hidden: ri.GRU(inputs, hidden, reset_after=False, use_recurrent_bias=False),
}
PASSES = ("forward", "gradients")


@dataclass(frozen=True)
class Work:
    """One thing to time. ``gradients``: of all parameters, of the input and of the initial state, after the forward
    pass; else outputs and final state alone."""

    cell: str
    dtype: str
    time: int
    batch: int
    input: int
    hidden: int
    gradients: bool

    @property
    def size(self) -> Size:
        """Time, batch, input, hidden."""
        return self.time, self.batch, self.input, self.hidden

    @property
    def pass_(self) -> str:
        """What is asked for, in a word."""
        return PASSES[self.gradients]

    @property
    def operations(self) -> int:
        """Those of the matrix products, a multiplication and an addition each; the gradients' are twice the forward's.

        Forward ``x W`` and ``h U``; backward ``da Wᵀ``, ``da Uᵀ``, ``xᵀ da`` and ``hᵀ da``.
        """
        columns = self.hidden * len(self.made.gate_order)
        forward = 2 * self.time * self.batch * columns * (self.input + self.hidden)
        return 3 * forward if self.gradients else forward

    @property
    def needed(self) -> int:
        """The bytes of what the adjoint must know of every step: its gates, and its state where that is not a gate."""
        kept = {*self.made.gate_names, *self.made.state_names}
        return len(kept) * self.time * self.batch * self.hidden * np.dtype(self.dtype).itemsize

    @property
    def made(self) -> Any:
        """The cell."""
        return CELLS[self.cell](self.input, self.hidden)

    def case(self, both_biases: bool = False, **how: Any) -> Case:
        """The numbers: weights uniform on ±1/sqrt(hidden), everything else normal, the initial state zeros.

        ``both_biases``: for those who have two or none, a recurrent bias of zeros where the cell has none.
        """
        rng, cell = np.random.default_rng(0), self.made
        params = cell.init(rng, np.dtype(self.dtype))
        if both_biases and not cell.use_recurrent_bias:
            cell = replace(cell, use_recurrent_bias=True)
            params["recurrent_bias"] = np.zeros_like(params["bias"])
        x = rng.normal(size=(self.batch, self.time, self.input)).astype(self.dtype)
        state = tuple(np.zeros((self.batch, size), self.dtype) for size in cell.state_sizes)
        d_outputs = rng.normal(size=(self.batch, self.time, cell.output_size)).astype(self.dtype)
        return Case(
            cell, params, x, initial_state=state, d_outputs=d_outputs if self.gradients else None, call_options=how
        )
