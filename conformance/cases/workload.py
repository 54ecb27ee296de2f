"""A case that is timed: its cell, dtype and sizes, with or without gradients; the same numbers for every framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import refimpl as ri

from ..contract import Case

Size = tuple[int, int, int, int]

TIMED_CELLS: Mapping[str, Any] = {
    "SimpleRNN": ri.SimpleRNN,
    "LSTM": ri.LSTM,
    "GRU": lambda inputs, hidden: ri.GRU(inputs, hidden, reset_after=True),
    "GRU, reset before": lambda inputs, hidden: ri.GRU(inputs, hidden, reset_after=False, use_recurrent_bias=False),
}
PASSES = ("forward", "gradients")


@dataclass(frozen=True)
class Work:
    """One case to time.

    gradients   True: the forward pass, then the gradients of all parameters, of the input and of the initial state;
                False: outputs and final state alone
    """

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
    def pass_name(self) -> str:
        """``forward`` or ``gradients``."""
        return PASSES[self.gradients]

    @property
    def operations(self) -> int:
        """Floating-point operations of the matrix products; the gradients have twice the forward pass's.

        Forward ``x W`` and ``h U``; backward ``da Wᵀ``, ``da Uᵀ``, ``xᵀ da`` and ``hᵀ da``.
        """
        columns = self.hidden * len(self.built_cell.gate_order)
        forward = 2 * self.time * self.batch * columns * (self.input + self.hidden)
        return 3 * forward if self.gradients else forward

    @property
    def adjoint_bytes(self) -> int:
        """The bytes of what the adjoint needs of every step: its gates, and its state where that is not a gate."""
        names = {*self.built_cell.gate_names, *self.built_cell.state_names}
        return len(names) * self.time * self.batch * self.hidden * np.dtype(self.dtype).itemsize

    @property
    def built_cell(self) -> Any:
        """The cell, of these sizes."""
        return TIMED_CELLS[self.cell](self.input, self.hidden)

    def case(self, both_biases: bool = False, **call_options: Any) -> Case:
        """The case: weights uniform on ±1/sqrt(hidden), everything else normal, the initial state zeros.

        both_biases   True: a recurrent bias of zeros where the cell has none, as frameworks have it with two biases
        """
        rng, cell = np.random.default_rng(0), self.built_cell
        params = cell.init(rng, np.dtype(self.dtype))
        if both_biases and not cell.use_recurrent_bias:
            cell = replace(cell, use_recurrent_bias=True)
            params["recurrent_bias"] = np.zeros_like(params["bias"])
        x = rng.normal(size=(self.batch, self.time, self.input)).astype(self.dtype)
        state = tuple(np.zeros((self.batch, size), self.dtype) for size in cell.state_sizes)
        d_outputs = rng.normal(size=(self.batch, self.time, cell.output_size)).astype(self.dtype)
        return Case(
            cell,
            params,
            x,
            initial_state=state,
            d_outputs=d_outputs if self.gradients else None,
            call_options=call_options,
        )
