"""PyTorch: named tensors, output features first.

==========  =======  =====================================================================
module      gates    tensors, with ``suffix`` "_l0" for layer 0 and "" for a cell
==========  =======  =====================================================================
RNN                  ``weight_ih{suffix}`` ``(gates*hidden, input)``
LSTM        i f g o  ``weight_hh{suffix}`` ``(gates*hidden, hidden)``
GRU         r z n    ``bias_ih{suffix}`` and ``bias_hh{suffix}`` ``(gates*hidden,)``
==========  =======  =====================================================================

An LSTM with ``proj_size`` has ``weight_hr{suffix}`` ``(proj, hidden)`` too, and ``weight_hh{suffix}`` is
``(gates*hidden, proj)``. A `Stack` is a module with ``num_layers``: layer k's suffix is ``_l{k}``, that of its backward
direction ``_l{k}_reverse``; from layer 1 on the input is what the layer before it outputs.

There are two biases or, with ``bias=False``, none, so the cell must set ``use_bias`` and
``use_recurrent_bias`` alike; the GRU must reset after. A module's layers and directions are all of one kind and size.

States are ``h``, of an LSTM ``(h, c)``, each ``(layers * directions, batch, size)``: layer by layer, forward before
backward. A cell's, ``RNNCell``, ``LSTMCell`` or ``GRUCell``, are ``(batch, size)``. `cell_of` reads a module's tensors.

MindSpore's ``nn.RNN``, ``LSTM`` and ``GRU`` have the same names and layout, with ``has_bias`` for ``bias``.

Sources: torch/nn/modules/rnn.py, PyTorch 2.13; mindspore/nn/layer/rnns.py, MindSpore 2.10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import described, mapping, text
from ..checks import weights as weights_of
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters, State
from ..stack import Stack, named_cells
from . import gates, states
from .pytorch_module import cell_of
from .suffixes import parts_of

__all__ = ["GATE_ORDER", "NAMES", "cell_of", "dump", "dump_state", "load", "load_state"]

GATE_ORDER: gates.Orders = {
    "SimpleRNN": ("h",),
    "LSTM": ("i", "f", "g", "o"),
    "GRU": ("r", "z", "n"),
}
NAMES = {
    "kernel": "weight_ih",
    "recurrent_kernel": "weight_hh",
    "bias": "bias_ih",
    "recurrent_bias": "bias_hh",
    "projection_kernel": "weight_hr",
}


def load(cell: Cell | Stack, weights: Mapping[str, Any], suffix: str = "_l0") -> Parameters:
    """The cell's parameters from a module's ``state_dict`` as arrays, or from its gradients.

    ``suffix`` is for a single cell: a stack takes every layer of the module, by its own.
    """
    suffix = text("suffix", suffix)
    if isinstance(cell, Stack):
        parts = list(_parts(cell, suffix))
        names = [name for _, part, end in parts for name in _names(part, end).values()]
        weights = mapping("weights", weights, names, others=True)
        return {prefix + name: array for prefix, part, end in parts for name, array in load(part, weights, end).items()}
    order, named = _checked(cell), _names(cell, suffix)
    weights = mapping("weights", weights, named.values(), others=True)
    arrays = {
        name: gates.checked(f"weights[{named[name]!r}]", weights[named[name]], shape[::-1]).T
        for name, shape in cell.parameter_shapes.items()
    }
    return {name: _reordered(name, array, order, cell.gate_order) for name, array in arrays.items()}


def dump(cell: Cell | Stack, params: Mapping[str, Any], suffix: str = "_l0") -> dict[str, Array]:
    """A module's tensors by name, from the cell's parameters or from their gradients; ``suffix`` as for `load`."""
    suffix = text("suffix", suffix)
    if isinstance(cell, Stack):
        parts = list(_parts(cell, suffix))
        params = mapping("params", params, cell.parameter_shapes)
        return {
            name: array
            for prefix, part, end in parts
            for name, array in dump(part, {n: params[prefix + n] for n in part.parameter_shapes}, end).items()
        }
    order, named, shapes = _checked(cell), _names(cell, suffix), cell.parameter_shapes
    params = mapping("params", params, shapes)
    arrays = {name: gates.checked(f"params[{name!r}]", params[name], shape) for name, shape in shapes.items()}
    return {named[name]: _reordered(name, array, cell.gate_order, order).T for name, array in arrays.items()}


def load_state(cell: Cell | Stack, hx: Any) -> State:
    """The state, in the order of ``cell.state_names``, from a module's ``h`` or ``(h, c)``, or a cell module's."""
    parts = _alike(cell)
    kinds = len(parts[0].state_names)
    arrays = [weights_of("hx", part) for part in (hx if kinds > 1 else [hx])] if _is_state(hx, kinds) else []
    if len(arrays) != kinds:
        raise InvalidArgument("hx", expected="(h, c)" if kinds > 1 else "h alone", got=described(hx))
    if all(array.ndim == 2 for array in arrays) and len(parts) == 1:
        return states.checked(cell, "hx", arrays)
    for k, array in enumerate(arrays):
        if array.ndim != 3 or array.shape[0] != len(parts):
            expected = f"shape ({len(parts)}, batch, size), one row a layer and direction"
            raise InvalidArgument(f"hx[{k}]", expected=expected, got=f"shape {array.shape}")
    return states.checked(cell, "hx", [array[row] for row in range(len(parts)) for array in arrays])


def dump_state(cell: Cell | Stack, state: Sequence[Any]) -> Any:
    """A module's ``h``, or ``(h, c)``, each ``(layers * directions, batch, size)``: the inverse of `load_state`."""
    kinds = len(_alike(cell)[0].state_names)
    found = states.checked(cell, "state", state)
    stacked = tuple(np.stack(found[k::kinds]) for k in range(kinds))
    return stacked if kinds > 1 else stacked[0]


def _alike(cell: Cell | Stack) -> list[Cell]:
    """Each single cell; `InvalidArgument` where their states cannot stand in one array, being of two kinds or sizes."""
    parts = [part for _, part in named_cells(cell)]
    for part in parts:
        gates.order_of(part, GATE_ORDER)
    if len(found := {(type(part).__name__, part.state_sizes) for part in parts}) > 1:
        expected = "one kind and size of cell in every layer and direction (as PyTorch has it)"
        raise InvalidArgument("cell.layers", expected=expected, got=str(sorted(found)))
    return parts


def _is_state(hx: Any, kinds: int) -> bool:
    return kinds == 1 or (isinstance(hx, tuple | list) and len(hx) == kinds)


def _reordered(name: str, array: Array, source: tuple[str, ...], target: tuple[str, ...]) -> Array:
    """The projection alone has no gates."""
    return array.copy() if name == "projection_kernel" else gates.reordered(array, source, target)


def _checked(cell: Cell) -> tuple[str, ...]:
    """PyTorch's gate order; `InvalidArgument` where PyTorch has no such cell."""
    order = gates.order_of(cell, GATE_ORDER)
    if cell.use_bias != cell.use_recurrent_bias:
        raise InvalidArgument(
            "cell.use_recurrent_bias",
            expected=f"{cell.use_bias}, as use_bias is (PyTorch has both biases or none; {gates.CONVERTED})",
            got=cell.use_recurrent_bias,
        )
    if not getattr(cell, "reset_after", True):
        raise InvalidArgument("cell.reset_after", expected="True (as PyTorch has it)", got=False)
    gates.refuse(cell, ("peepholes", "input_forget", "clip", "forget_bias", "output_activation"), "PyTorch")
    return order


def _names(cell: Cell, suffix: str) -> dict[str, str]:
    """PyTorch's name of each of the cell's parameters; `InvalidArgument` where PyTorch has no such cell."""
    _checked(cell)
    return {name: NAMES[name] + suffix for name in cell.parameter_shapes}


def _parts(stack: Stack, suffix: str) -> Iterator[tuple[str, Cell, str]]:
    """Each cell of the stack with its prefix of ours and its suffix of PyTorch's, checked."""
    for prefix, cell, end in parts_of(stack, suffix, "PyTorch"):
        _checked(cell)
        yield prefix, cell, end
