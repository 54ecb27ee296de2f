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

A `Stack` is the layers of a model one after the other: the list is theirs joined, ``Bidirectional`` gives its forward
layer's weights before its backward layer's, and ``RNN(StackedRNNCells(cells))`` each cell's in turn.

States are ``layer.states``, or what a layer with ``return_state`` returns after its outputs: of each cell ``h`` and,
of an LSTM, ``c``, ``(batch, hidden)``; cells in the order of the weights. `cell_of` reads a layer's configuration.

Source: keras/src/layers/rnn/{simple_rnn,lstm,gru,bidirectional,stacked_rnn_cells}.py, Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import described, mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters, State
from ..stack import Stack, named_cells
from . import gates, states
from .keras_config import cell_of

__all__ = ["GATE_ORDER", "cell_of", "dump", "dump_state", "load", "load_state"]

GATE_ORDER: gates.Orders = {
    "SimpleRNN": ("h",),
    "LSTM": ("i", "f", "g", "o"),
    "GRU": ("z", "r", "n"),
}


def load(cell: Cell | Stack, weights: Sequence[Any]) -> Parameters:
    """The cell's parameters from ``layer.get_weights()``, or from gradients in the same order.

    Of a stack, from the weights of all its layers, one list after the other.
    """
    parts = _checked_parts(cell)
    expected = sum(_count(part) for _, part in parts)
    if not isinstance(weights, list | tuple) or len(weights) != expected:
        got = len(weights) if isinstance(weights, list | tuple) else described(weights)
        raise InvalidArgument("weights", expected=f"a list of {expected} arrays", got=got)
    params: Parameters = {}
    begin = 0
    for prefix, part in parts:
        params |= {prefix + name: array for name, array in _load(part, weights, begin).items()}
        begin += _count(part)
    return params


def dump(cell: Cell | Stack, params: Mapping[str, Any]) -> list[Array]:
    """What ``layer.set_weights`` takes, from the cell's (or stack's) parameters or from their gradients."""
    parts = _checked_parts(cell)
    params = mapping("params", params, cell.parameter_shapes)
    return [array for prefix, part in parts for array in _dump(part, params, prefix)]


def load_state(cell: Cell | Stack, arrays: Sequence[Any]) -> State:
    """The state, in the order of ``cell.state_names``, from Keras's list of arrays ``(batch, size)``."""
    _checked_parts(cell)
    return states.checked(cell, "arrays", arrays)


def dump_state(cell: Cell | Stack, state: Sequence[Any]) -> list[Array]:
    """Keras's list, as ``initial_state`` takes it, the inverse of `load_state`."""
    _checked_parts(cell)
    return list(states.checked(cell, "state", state))


def _checked_parts(cell: Cell | Stack) -> list[tuple[str, Cell]]:
    """Each single cell after the prefix of its names, in the order of Keras's weights; all of them cells of Keras."""
    parts = named_cells(cell)
    for _, part in parts:
        gates.order_of(part, GATE_ORDER)
        _names(part)
    return parts


def _count(cell: Cell) -> int:
    """How many arrays Keras keeps for a cell."""
    return 3 if _names(cell)[2:] else 2


def _load(cell: Cell, weights: Sequence[Any], begin: int) -> Parameters:
    """One cell's parameters, from its arrays, which begin there."""
    order, names, shapes = gates.order_of(cell, GATE_ORDER), _names(cell), cell.parameter_shapes
    arrays = list(weights[begin : begin + _count(cell)])
    if len(names) == 4:
        arrays[2:] = gates.checked(f"weights[{begin + 2}]", arrays[2], (2, *shapes["bias"]))
    named = enumerate(zip(names, arrays, strict=True))
    return {
        name: gates.reordered(
            gates.checked(f"weights[{begin + min(k, 2)}]", array, shapes[name]), order, cell.gate_order
        )
        for k, (name, array) in named
    }


def _dump(cell: Cell, params: Mapping[str, Any], prefix: str) -> list[Array]:
    """One cell's arrays, from its parameters among others'."""
    order, shapes = gates.order_of(cell, GATE_ORDER), cell.parameter_shapes
    arrays = [
        gates.reordered(
            gates.checked(f"params[{prefix + name!r}]", params[prefix + name], shapes[name]), cell.gate_order, order
        )
        for name in _names(cell)
    ]
    return [*arrays[:2], np.stack(arrays[2:])] if len(arrays) == 4 else arrays


def _names(cell: Cell) -> tuple[str, ...]:
    """The cell's parameters in Keras's order; `InvalidArgument` where Keras has no such cell."""
    beyond = ("proj_size", "peepholes", "input_forget", "clip", "forget_bias", "output_activation")
    gates.refuse(cell, beyond, "Keras")
    resets_after = getattr(cell, "reset_after", False)
    if cell.use_recurrent_bias != (cell.use_bias and resets_after):
        raise InvalidArgument(
            "cell.use_recurrent_bias",
            expected=f"True for a GRU with reset_after and use_bias, else False (as Keras has it; {gates.CONVERTED})",
            got=cell.use_recurrent_bias,
        )
    return tuple(cell.parameter_shapes)
