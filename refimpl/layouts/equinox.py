"""Equinox: ``equinox.nn.LSTMCell`` and ``GRUCell``.

=====  =======  ==============================================
cell   gates    arrays
=====  =======  ==============================================
LSTM   i f g o  ``weight_ih`` ``weight_hh`` ``bias``
GRU    r z n    ``weight_ih`` ``weight_hh`` ``bias`` ``bias_n``
=====  =======  ==============================================

Their shapes and what ``bias_n`` is: `rows_first`. There is no SimpleRNN. A cell takes one row, so its states have no
batch axis until `jax.vmap` gives them one.

Source: equinox/nn/_rnn.py, Equinox 0.13.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arrays import Array
from ..parameters import Cell, Parameters, State
from . import gates
from .rows_first import RowsFirst

GATE_ORDER: gates.Orders = {"LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n")}
_LAYOUT = RowsFirst(
    "Equinox",
    GATE_ORDER,
    {
        "LSTM": ("weight_ih", "weight_hh", "bias"),
        "GRU": ("weight_ih", "weight_hh", "bias", "bias_n"),
    },
)


def load(cell: Cell, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from Equinox's arrays by name, or from their gradients."""
    return _LAYOUT.load(cell, weights)


def dump(cell: Cell, params: Mapping[str, Any]) -> dict[str, Array]:
    """Equinox's arrays by name, from the cell's parameters or from their gradients."""
    return _LAYOUT.dump(cell, params)


def load_state(cell: Cell, state: Any) -> State:
    """The state, in the order of ``cell.state_names``, from ``h`` or ``(h, c)``, each ``(batch, hidden)``."""
    return _LAYOUT.load_state(cell, state)


def dump_state(cell: Cell, state: Any) -> Any:
    """``h``, or ``(h, c)``, each ``(batch, hidden)``: the inverse of `load_state`."""
    return _LAYOUT.dump_state(cell, state)
