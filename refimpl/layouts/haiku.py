"""Haiku: ``haiku.VanillaRNN``, ``LSTM`` and ``GRU``, as one flat mapping of dotted names.

==========  =======  =============================================================================================
core        gates    arrays
==========  =======  =============================================================================================
VanillaRNN           ``linear.w`` ``(input, hidden)`` ``linear.b`` ``linear_1.w`` ``(hidden, hidden)`` ``linear_1.b``
LSTM        i g f o  ``linear.w`` ``(input + hidden, 4*hidden)``: both kernels, one above the other; ``linear.b``
GRU         z r n    ``w_i`` ``(input, 3*hidden)`` ``w_h`` ``(hidden, 3*hidden)`` ``b`` ``(3*hidden,)``
==========  =======  =============================================================================================

The LSTM adds 1 to the argument of its forget gate whenever it runs: ``forget_bias=1``. The GRU resets before, and its
update gate is one minus ours, ``h = (1 - z) h + z n``: as ``1 - σ(a) = σ(-a)``, the weights of z have their signs
turned here, which is exact. ``VanillaRNN(double_bias=False)`` has no ``linear_1.b``.

States are ``h``, of an LSTM ``(h, c)``, each ``(batch, hidden)``.

Source: haiku/_src/recurrent.py, Haiku 0.0.17.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters, State
from . import gates, states

GATE_ORDER: gates.Orders = {"SimpleRNN": ("h",), "LSTM": ("i", "g", "f", "o"), "GRU": ("z", "r", "n")}
FORGET_BIAS = 1.0
_NAMES = {
    "SimpleRNN": {
        "kernel": "linear.w",
        "bias": "linear.b",
        "recurrent_kernel": "linear_1.w",
        "recurrent_bias": "linear_1.b",
    },
    "GRU": {"kernel": "w_i", "recurrent_kernel": "w_h", "bias": "b"},
}
_REFUSED = ("peepholes", "input_forget", "clip", "output_activation", "proj_size")


def load(cell: Cell, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from a Haiku core's arrays by dotted name, or from their gradients."""
    order, shapes = _checked(cell), cell.parameter_shapes
    if type(cell).__name__ == "LSTM":
        weights = mapping("weights", weights, ("linear.w", "linear.b"), others=True)
        rows = cell.input_size + cell.hidden_size
        both = gates.checked("weights['linear.w']", weights["linear.w"], (rows, shapes["kernel"][1]))
        arrays = {
            "kernel": both[: cell.input_size],
            "recurrent_kernel": both[cell.input_size :],
            "bias": gates.checked("weights['linear.b']", weights["linear.b"], shapes["bias"]),
        }
    else:
        named = _NAMES[type(cell).__name__]
        weights = mapping("weights", weights, [named[name] for name in shapes], others=True)
        arrays = {
            name: gates.checked(f"weights[{named[name]!r}]", weights[named[name]], shape)
            for name, shape in shapes.items()
        }
    return {name: gates.reordered(_turned(cell, array), order, cell.gate_order) for name, array in arrays.items()}


def dump(cell: Cell, params: Mapping[str, Any]) -> dict[str, Array]:
    """A Haiku core's arrays by dotted name, from the cell's parameters or from their gradients."""
    order, shapes = _checked(cell), cell.parameter_shapes
    params = mapping("params", params, shapes)
    arrays = {
        name: _turned(
            cell,
            gates.reordered(gates.checked(f"params[{name!r}]", params[name], shape), cell.gate_order, order),
        )
        for name, shape in shapes.items()
    }
    if type(cell).__name__ == "LSTM":
        both = np.concatenate([arrays["kernel"], arrays["recurrent_kernel"]])
        return {"linear.w": both, "linear.b": arrays["bias"]}
    named = _NAMES[type(cell).__name__]
    return {named[name]: array for name, array in arrays.items()}


def load_state(cell: Cell, state: Any) -> State:
    """The state, in the order of ``cell.state_names``, from a core's ``h`` or ``(h, c)``."""
    _checked(cell)
    return states.checked(cell, "state", state if len(cell.state_names) > 1 else [state])


def dump_state(cell: Cell, state: Any) -> Any:
    """``h``, or ``(h, c)``: the inverse of `load_state`."""
    _checked(cell)
    found = states.checked(cell, "state", state)
    return found if len(found) > 1 else found[0]


def _turned(cell: Cell, array: Array) -> Array:
    """With the signs of the GRU's update gate turned; it stands first."""
    if type(cell).__name__ != "GRU":
        return array
    found = array.copy()
    found[..., : cell.hidden_size] *= -1
    return found


def _checked(cell: Cell) -> tuple[str, ...]:
    """Haiku's gate order; `InvalidArgument` where Haiku has no such cell."""
    order = gates.order_of(cell, GATE_ORDER)
    gates.refuse(cell, (*_REFUSED, "reset_after"), "Haiku")
    kind = type(cell).__name__
    if not cell.use_bias:
        raise InvalidArgument("cell.use_bias", expected=f"True (as Haiku has it; {gates.CONVERTED})", got=False)
    if kind != "SimpleRNN" and cell.use_recurrent_bias:
        expected = f"False (as Haiku has it; {gates.CONVERTED})"
        raise InvalidArgument("cell.use_recurrent_bias", expected=expected, got=True)
    if kind == "LSTM" and getattr(cell, "forget_bias", 0.0) != FORGET_BIAS:
        expected = f"{FORGET_BIAS:g} (as Haiku adds it; layouts.convert moves it into the bias)"
        raise InvalidArgument("cell.forget_bias", expected=expected, got=str(getattr(cell, "forget_bias", 0.0)))
    return order
