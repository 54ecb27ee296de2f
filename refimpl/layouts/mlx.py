"""MLX: ``mlx.nn.RNN``, ``LSTM`` and ``GRU``.

==========  =======  =======================================
layer       gates    arrays
==========  =======  =======================================
SimpleRNN            ``Wxh`` ``Whh`` ``bias``
LSTM        i f g o  ``Wx`` ``Wh`` ``bias``
GRU         r z n    ``Wx`` ``Wh`` ``b`` ``bhn``
==========  =======  =======================================

Their shapes and what ``bhn`` is: `rows_first`. A layer is called with its state as arguments, ``hidden`` and ``cell``,
and returns those of every step.

Source: mlx/nn/layers/recurrent.py, MLX 0.32.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arrays import Array
from ..parameters import Cell, Parameters, State
from . import gates
from .rows_first import RowsFirst

GATE_ORDER: gates.Orders = {"SimpleRNN": ("h",), "LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n")}
_LAYOUT = RowsFirst(
    "MLX",
    GATE_ORDER,
    {
        "SimpleRNN": ("Wxh", "Whh", "bias"),
        "LSTM": ("Wx", "Wh", "bias"),
        "GRU": ("Wx", "Wh", "b", "bhn"),
    },
)


def load(cell: Cell, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from MLX's arrays by name, or from their gradients."""
    return _LAYOUT.load(cell, weights)


def dump(cell: Cell, params: Mapping[str, Any]) -> dict[str, Array]:
    """MLX's arrays by name, from the cell's parameters or from their gradients."""
    return _LAYOUT.dump(cell, params)


def load_state(cell: Cell, state: Any) -> State:
    """The state, in the order of ``cell.state_names``, from ``h`` or ``(h, c)``, each ``(batch, hidden)``."""
    return _LAYOUT.load_state(cell, state)


def dump_state(cell: Cell, state: Any) -> Any:
    """``h``, or ``(h, c)``, each ``(batch, hidden)``: the inverse of `load_state`."""
    return _LAYOUT.dump_state(cell, state)
