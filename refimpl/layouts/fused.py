"""TensorFlow 1's cells: one matrix on ``[x; h]``, the input's rows above the state's, and one bias.

============  =======  ============================================================================================
cell          gates    variables
============  =======  ============================================================================================
BasicRNNCell           ``kernel`` ``(input+hidden, hidden)``, ``bias`` ``(hidden,)``
BasicLSTMCell i j f o  ``kernel`` ``(input+hidden, 4*hidden)``, ``bias`` ``(4*hidden,)``; ``j`` is our candidate ``g``
LSTMCell      i j f o  the same; peepholes ``w_i_diag``, ``w_f_diag``, ``w_o_diag`` ``(hidden,)``; with a projection
                       ``kernel`` ``(input+proj, 4*hidden)`` and ``projection/kernel`` ``(hidden, proj)``
GRUCell       r u      ``gates/kernel`` ``(input+hidden, 2*hidden)``, ``gates/bias`` ``(2*hidden,)`` and, of the
                       candidate, ``candidate/kernel`` ``(input+hidden, hidden)``, ``candidate/bias`` ``(hidden,)``;
                       ``u`` is our ``z``, and the reset comes before the product
============  =======  ============================================================================================

There is always a bias, and only one: the cell must set ``use_bias`` and not ``use_recurrent_bias``. TensorFlow's
``forget_bias``, 1 by default, is added at run time and is in no variable: it is the cell's ``forget_bias``.

An LSTM's state is ``LSTMStateTuple(c, h)``, ``c`` first, or, with ``state_is_tuple=False``, both side by side in one
array ``(batch, hidden + output)``; the others' is ``h``.

Source: tensorflow/python/keras/layers/legacy_rnn/rnn_cell_impl.py, TensorFlow 2.21; TensorFlow 1's ``tf.nn.rnn_cell``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import mapping
from ..checks import weights as weights_of
from ..errors import InvalidArgument
from ..linear import blocks, concatenate
from ..parameters import Cell, Parameters, State
from . import gates, states

GATE_ORDER: gates.Orders = {
    "SimpleRNN": ("h",),
    "LSTM": ("i", "g", "f", "o"),
    "GRU": ("r", "z", "n"),
}
PEEPHOLES = ("w_i_diag", "w_f_diag", "w_o_diag")  # in our order of blocks, i f o
_PARTS = {"gates": 2, "candidate": 1}  # GRUCell's two pairs of kernel and bias, and how many gates each has


def load(cell: Cell, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from its variables as arrays by name, or from gradients by the same names."""
    order, shapes = _checked(cell), _shapes(cell)
    weights = mapping("weights", weights, shapes)
    found = {name: gates.checked(f"weights[{name!r}]", weights[name], shape) for name, shape in shapes.items()}
    kernel, bias = (gates.reordered(_joined(cell, found, name), order, cell.gate_order) for name in ("kernel", "bias"))
    params = {"kernel": kernel[: cell.input_size], "recurrent_kernel": kernel[cell.input_size :], "bias": bias}
    if "peepholes" in cell.parameter_shapes:
        params["peepholes"] = concatenate(*(found[name] for name in PEEPHOLES))
    if "projection_kernel" in cell.parameter_shapes:
        params["projection_kernel"] = found["projection/kernel"].copy()
    return params


def dump(cell: Cell, params: Mapping[str, Any]) -> dict[str, Array]:
    """The cell's variables by name, from its parameters or from their gradients."""
    order, shapes = _checked(cell), cell.parameter_shapes
    params = mapping("params", params, shapes)
    found = {name: gates.checked(f"params[{name!r}]", params[name], shape) for name, shape in shapes.items()}
    kernel = np.concatenate([found["kernel"], found["recurrent_kernel"]])
    variables = {
        part: gates.reordered(array, cell.gate_order, order)
        for part, array in (("kernel", kernel), ("bias", found["bias"]))
    }
    if type(cell).__name__ == "GRU":
        width = 2 * cell.hidden_size
        variables = {
            f"{part}/{name}": array[..., half].copy()
            for part, half in (("gates", slice(width)), ("candidate", slice(width, None)))
            for name, array in variables.items()
        }
    if "peepholes" in found:
        variables |= {name: p.copy() for name, p in zip(PEEPHOLES, blocks(found["peepholes"], 3), strict=True)}
    if "projection_kernel" in found:
        variables["projection/kernel"] = found["projection_kernel"].copy()
    return variables


def load_state(cell: Cell, state: Any) -> State:
    """``(h, c)`` from ``(c, h)`` or both in one array; ``(h,)`` from ``h``."""
    _checked(cell)
    if len(cell.state_names) == 1:
        return states.checked(cell, "state", [state])
    if not isinstance(state, tuple | list):
        joined = weights_of("state", state)
        width = cell.hidden_size + cell.output_size
        if joined.ndim != 2 or joined.shape[1] != width:
            raise InvalidArgument("state", expected=f"(c, h), or shape (batch, {width})", got=f"shape {joined.shape}")
        state = joined[:, : cell.hidden_size], joined[:, cell.hidden_size :]
    return states.checked(cell, "state", state[::-1])


def dump_state(cell: Cell, state: Sequence[Any]) -> Any:
    """``(c, h)`` of an LSTM, else ``h``: the inverse of `load_state`."""
    _checked(cell)
    found = states.checked(cell, "state", state)
    return found[::-1] if len(found) > 1 else found[0]


def _joined(cell: Cell, variables: Mapping[str, Array], name: str) -> Array:
    """``kernel`` or ``bias`` with all gates in one; a GRUCell's stand in two variables."""
    if type(cell).__name__ == "GRU":
        return concatenate(*(variables[f"{part}/{name}"] for part in _PARTS))
    return variables[name]


def _shapes(cell: Cell) -> dict[str, tuple[int, ...]]:
    """The shape of each of the cell's variables, by name."""
    hidden, rows = cell.hidden_size, cell.input_size + cell.output_size
    if type(cell).__name__ == "GRU":
        return {
            f"{part}/{name}": (*leading, count * hidden)
            for part, count in _PARTS.items()
            for name, leading in (("kernel", (rows,)), ("bias", ()))
        }
    columns = len(cell.gate_order) * hidden
    found: dict[str, tuple[int, ...]] = {"kernel": (rows, columns), "bias": (columns,)}
    if "peepholes" in cell.parameter_shapes:
        found |= dict.fromkeys(PEEPHOLES, (hidden,))
    if "projection_kernel" in cell.parameter_shapes:
        found["projection/kernel"] = (hidden, cell.output_size)
    return found


def _checked(cell: Cell) -> tuple[str, ...]:
    """TensorFlow's gate order; `InvalidArgument` where it has no such cell."""
    order = gates.order_of(cell, GATE_ORDER)
    for name in ("use_bias", "use_recurrent_bias", "reset_after", "input_forget"):
        due = name == "use_bias"
        if getattr(cell, name, due) != due:
            why = "as TensorFlow 1 has it" + (f"; {gates.CONVERTED}" if name.endswith("bias") else "")
            raise InvalidArgument(f"cell.{name}", expected=f"{due} ({why})", got=not due)
    if (clip := getattr(cell, "clip", None)) is not None:
        raise InvalidArgument("cell.clip", expected="None (TensorFlow 1 clips states, not arguments)", got=clip)
    return order
