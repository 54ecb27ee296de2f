"""Keras: ``layer.get_weights()`` is a list: kernel, recurrent kernel, bias.

===========  =========  ============================================================================
layer        gates      bias
===========  =========  ============================================================================
SimpleRNN               ``(hidden,)``
LSTM         i f c o    ``(4*hidden,)``; Keras's ``c`` is our candidate ``g``
GRU          z r h      ``(3*hidden,)``; with ``reset_after`` ``(2, 3*hidden)``, the input's row first;
                        Keras's ``h`` is our candidate ``n``
===========  =========  ============================================================================

Kernels are ``(input, gates*hidden)`` and ``(hidden, gates*hidden)``, as ours are. Only the GRU that resets after
has a recurrent bias, so only its cell may set ``use_recurrent_bias``. With ``use_bias=False`` there is no bias.

Source: keras/src/layers/rnn/{simple_rnn,lstm,gru}.py, Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..activations import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters
from . import gates

GATE_ORDER: gates.Orders = {
    "SimpleRNN": ("h",),
    "LSTM": ("i", "f", "g", "o"),
    "GRU": ("z", "r", "n"),
}


def load(cell: Cell, weights: Sequence[Any]) -> Parameters:
    """The cell's parameters from ``layer.get_weights()``, or from gradients in the same order."""
    order, names = gates.order_of(cell, GATE_ORDER), _names(cell)
    expected = 3 if names[2:] else 2
    if not isinstance(weights, Sequence) or len(weights) != expected:
        got = len(weights) if isinstance(weights, Sequence) else type(weights).__name__
        raise InvalidArgument("weights", expected=f"a list of {expected} arrays", got=got)
    shapes = cell.parameter_shapes
    arrays = list(weights)
    if len(names) == 4:
        arrays[2:] = gates.checked("weights[2]", weights[2], (2, *shapes["bias"]))
    return {
        name: gates.reordered(gates.checked(f"weights[{min(k, 2)}]", array, shapes[name]), order, cell.gate_order)
        for k, (name, array) in enumerate(zip(names, arrays, strict=True))
    }


def dump(cell: Cell, params: Mapping[str, Any]) -> list[Array]:
    """What ``layer.set_weights`` takes, from the cell's parameters or from their gradients."""
    order, names, shapes = gates.order_of(cell, GATE_ORDER), _names(cell), cell.parameter_shapes
    params = mapping("params", params, shapes)
    arrays = [
        gates.reordered(gates.checked(f"params[{name!r}]", params[name], shapes[name]), cell.gate_order, order)
        for name in names
    ]
    return [*arrays[:2], np.stack(arrays[2:])] if len(arrays) == 4 else arrays


def _names(cell: Cell) -> tuple[str, ...]:
    """The cell's parameters in Keras's order; `InvalidArgument` where Keras has no such biases."""
    resets_after = getattr(cell, "reset_after", False)
    if cell.use_recurrent_bias != (cell.use_bias and resets_after):
        raise InvalidArgument(
            "cell.use_recurrent_bias",
            expected="True for a GRU with reset_after and use_bias, else False (as Keras has it)",
            got=cell.use_recurrent_bias,
        )
    return tuple(cell.parameter_shapes)
