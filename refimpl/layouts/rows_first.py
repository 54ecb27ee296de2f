"""Named arrays, output features first, one bias a gate: what the layouts of Equinox and MLX share.

Kernels are ``(gates*hidden, input)`` and ``(gates*hidden, hidden)``, the bias ``(gates*hidden,)``, and that of the
candidate inside the reset product ``(hidden,)``. So the GRU resets after, and has ``use_recurrent_bias`` as
``use_bias``. States are ``h``, of an LSTM ``(h, c)``, each ``(batch, hidden)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arrays import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters, State
from . import gates, states
from .single_bias import Blocks, check, put_together, taken_apart


@dataclass(frozen=True)
class RowsFirst:
    """The layout of one framework.

    framework   its name, for refusals
    orders      kind of cell to its order of gates
    names       kind of cell to its names of kernel, recurrent kernel, bias and the candidate's bias
    """

    framework: str
    orders: gates.Orders
    names: Mapping[str, tuple[str, ...]]

    def load(self, cell: Cell, weights: Mapping[str, Any]) -> Parameters:
        """The cell's parameters, from arrays by the framework's names."""
        named = self._named(cell)
        weights = mapping("weights", weights, named.values(), others=True)
        hidden, width = cell.hidden_size, len(cell.gate_order) * cell.hidden_size
        shapes = {
            "kernel": (width, cell.input_size),
            "recurrent_kernel": (width, hidden),
            "bias": (width,),
            "candidate_bias": (hidden,),
        }
        found = {part: gates.checked(f"weights[{its!r}]", weights[its], shapes[part]).T for part, its in named.items()}
        blocks = Blocks(found["kernel"], found["recurrent_kernel"], found.get("bias"), found.get("candidate_bias"))
        return put_together(cell, blocks, self.orders[type(cell).__name__])

    def dump(self, cell: Cell, params: Mapping[str, Any]) -> dict[str, Array]:
        """Arrays by the framework's names, from the cell's parameters or from their gradients."""
        named = self._named(cell)
        blocks = taken_apart(cell, params, self.orders[type(cell).__name__])
        return {its: getattr(blocks, part).T.copy() for part, its in named.items()}

    def load_state(self, cell: Cell, state: Any) -> State:
        """The state, in the order of ``cell.state_names``, from ``h`` or ``(h, c)``."""
        self._named(cell)
        return states.checked(cell, "state", state if len(cell.state_names) > 1 else [state])

    def dump_state(self, cell: Cell, state: Any) -> Any:
        """``h``, or ``(h, c)``: the inverse of `load_state`."""
        self._named(cell)
        found = states.checked(cell, "state", state)
        return found if len(found) > 1 else found[0]

    def _named(self, cell: Cell) -> dict[str, str]:
        """The part of `Blocks` to the framework's name; `InvalidArgument` where it has no such cell."""
        check(cell, self.orders, self.framework, bias=None)
        gates.refuse(cell, ("forget_bias",), self.framework)
        if not getattr(cell, "reset_after", True):
            raise InvalidArgument("cell.reset_after", expected=f"True (as {self.framework} has it)", got=False)
        parts = ("kernel", "recurrent_kernel", "bias", "candidate_bias")
        named = dict(zip(parts, self.names[type(cell).__name__], strict=False))
        return {part: its for part, its in named.items() if cell.use_bias or part.endswith("kernel")}
