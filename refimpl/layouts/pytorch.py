"""PyTorch: named tensors, output features first.

==========  =======  =====================================================================
module      gates    tensors, with ``suffix`` "_l0" for layer 0 and "" for a cell
==========  =======  =====================================================================
RNN                  ``weight_ih{suffix}`` ``(gates*hidden, input)``
LSTM        i f g o  ``weight_hh{suffix}`` ``(gates*hidden, hidden)``
GRU         r z n    ``bias_ih{suffix}`` and ``bias_hh{suffix}`` ``(gates*hidden,)``
==========  =======  =====================================================================

There are two biases or, with ``bias=False``, none, so the cell must set ``use_bias`` and
``use_recurrent_bias`` alike; the GRU must reset after.

Source: torch/nn/modules/rnn.py, PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..activations import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters
from . import gates

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
}


def load(cell: Cell, weights: Mapping[str, Any], suffix: str = "_l0") -> Parameters:
    """The cell's parameters from a module's ``state_dict`` as arrays, or from its gradients."""
    order, names = _checked(cell), {name: NAMES[name] + suffix for name in cell.parameter_shapes}
    weights = mapping("weights", weights, names.values(), others=True)
    return {
        name: gates.reordered(
            gates.checked(f"weights[{names[name]!r}]", weights[names[name]], shape[::-1]).T, order, cell.gate_order
        )
        for name, shape in cell.parameter_shapes.items()
    }


def dump(cell: Cell, params: Mapping[str, Any], suffix: str = "_l0") -> dict[str, Array]:
    """A module's tensors by name, from the cell's parameters or from their gradients."""
    order, shapes = _checked(cell), cell.parameter_shapes
    params = mapping("params", params, shapes)
    return {
        NAMES[name] + suffix: gates.reordered(
            gates.checked(f"params[{name!r}]", params[name], shape), cell.gate_order, order
        ).T
        for name, shape in shapes.items()
    }


def _checked(cell: Cell) -> tuple[str, ...]:
    """PyTorch's gate order; `InvalidArgument` where PyTorch has no such cell."""
    if cell.use_bias != cell.use_recurrent_bias:
        raise InvalidArgument(
            "cell.use_recurrent_bias",
            expected=f"{cell.use_bias}, as use_bias is (PyTorch has both biases or none)",
            got=cell.use_recurrent_bias,
        )
    if not getattr(cell, "reset_after", True):
        raise InvalidArgument("cell.reset_after", expected="True (as PyTorch has it)", got=False)
    return gates.order_of(cell, GATE_ORDER)
