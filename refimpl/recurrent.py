"""A cell or a `Stack` as a layer of a model: what goes in and out of it, and its adjoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks, initializers
from .arrays import Array
from .errors import InvalidArgument
from .parameters import Parameters
from .running import backward, checked_run, forward
from .sequence import MASKED_OUTPUTS
from .stack import Stack, named_cells


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer of a model.

    cell               a cell or a `Stack`
    return_sequences   output every step's, ``(batch, time, output)``, or only the last, ``(batch, output)``: of a cell
                       the final ``h``, of a Stack the outputs of the last step (PyTorch's ``output[:, -1]``)
    reverse, masked_output   as in `running.forward`

    Raises `InvalidArgument` for what is no cell, and for other options.
    """

    cell: Any
    return_sequences: bool = False
    reverse: bool = False
    masked_output: str = "repeat"

    def __post_init__(self) -> None:
        checks.fields(
            self, return_sequences=checks.flag, reverse=checks.flag, masked_output=checks.word(*MASKED_OUTPUTS)
        )
        if named_cells(self.cell) and self.reverse and self._is_stack:
            raise InvalidArgument("reverse", expected="False for a Stack, whose layers have their directions", got=True)

    @property
    def input_size(self) -> int:
        """The size of one step's input."""
        return int(self.cell.input_size)

    @property
    def output_size(self) -> int:
        """The size of one step's output."""
        return int(self.cell.output_size)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameter name to shape."""
        return dict(self.cell.parameter_shapes)

    def init(self, rng: np.random.Generator, dtype: Any = np.float64, manner: str = "keras") -> Parameters:
        """Fresh parameters, as `initializers.cell_parameters`."""
        return initializers.cell_parameters(self.cell, rng, dtype, manner)

    def forward(self, params: Parameters, x: Array, mask: Array | None) -> tuple[Any, Array]:
        """The run, and the layer's output; x ``(batch, time, input)``, the mask ``(batch, time)`` bool or None; NaN and
        infinity go through."""
        run = forward(
            self.cell, params, x, mask=mask, reverse=self.reverse, masked_output=self.masked_output, check_finite=False
        )
        if self.return_sequences:
            return run, run.outputs
        return run, run.outputs[:, -1] if self._is_stack else run.state[0]

    def adjoint(self, run: Any, d_y: Array) -> tuple[Parameters, Array]:
        """The parameters' gradients, and the cotangent of ``x``."""
        batch, steps, size = checked_run(run).outputs.shape
        shape = (batch, steps, size) if self.return_sequences else (batch, size)
        d_y = checks.shaped("d_y", d_y, shape, dtype=run.x.dtype, check_finite=False)
        if self.return_sequences:
            found = backward(run, d_y, check_finite=False)
        elif self._is_stack:
            zeros = np.zeros(d_y.shape, d_y.dtype)
            d_outputs = np.stack([zeros] * (run.outputs.shape[1] - 1) + [d_y], axis=1)
            found = backward(run, d_outputs, check_finite=False)
        else:
            found = backward(run, None, (d_y, *(None for _ in run.state[1:])), check_finite=False)
        return found.params, found.x

    @property
    def _is_stack(self) -> bool:
        return isinstance(self.cell, Stack)
