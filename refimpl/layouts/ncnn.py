"""ncnn: the arrays of its layers RNN, LSTM and GRU, in the order of a ``.bin`` file.

====  =======  ===================  =============================
layer gates    array                shape
====  =======  ===================  =============================
RNN            ``weight_xc_data``   ``(D, gates*hidden, input)``
LSTM  i f o g  ``bias_c_data``      ``(D, biases, hidden)``
GRU   r z n    ``weight_hc_data``   ``(D, gates*hidden, size)``
====  =======  ===================  =============================

D is 1, or 2 of a `Stack` of one layer with both directions, forward first. There is one bias a gate and, of a GRU,
a fourth row, that inside the reset product: it resets after, and has ``use_recurrent_bias``. An LSTM of two sizes has
``weight_hr_data`` ``(D, proj, hidden)`` too; ``size`` is the projected one then.

ncnn has no batches: a state is of one row, ``h`` or ``(h, c)``, each ``(D, size)``.

Source: docs/developer-guide/operators.md and src/layer/lstm.cpp, gru.cpp and rnn.cpp, ncnn of July 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import mapping
from ..errors import InvalidArgument
from ..parameters import Cell, Parameters
from ..stack import Layer, Stack, named_cells
from . import gates

GATE_ORDER: gates.Orders = {"SimpleRNN": ("h",), "LSTM": ("i", "f", "o", "g"), "GRU": ("r", "z", "n")}
NAMES = {
    "kernel": "weight_xc_data",
    "bias": "bias_c_data",
    "recurrent_kernel": "weight_hc_data",
    "projection_kernel": "weight_hr_data",
}


def load(cell: Cell | Stack, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from a layer's arrays by name."""
    parts = _parts(cell)
    shapes = _shapes(parts[0][1])
    weights = mapping("weights", weights, shapes)
    arrays = {
        name: gates.checked(f"weights[{name!r}]", weights[name], (len(parts), *shape)) for name, shape in shapes.items()
    }
    found: Parameters = {}
    for d, (prefix, part) in enumerate(parts):
        order, own = GATE_ORDER[type(part).__name__], {name: array[d] for name, array in arrays.items()}
        biases = own["bias_c_data"]
        found[prefix + "kernel"] = gates.reordered(own["weight_xc_data"].T, order, part.gate_order)
        found[prefix + "recurrent_kernel"] = gates.reordered(own["weight_hc_data"].T, order, part.gate_order)
        found[prefix + "bias"] = gates.reordered(biases[: len(order)].reshape(-1), order, part.gate_order)
        if part.use_recurrent_bias:
            inside = np.zeros_like(biases[: len(order)])
            inside[-1] = biases[-1]
            found[prefix + "recurrent_bias"] = gates.reordered(inside.reshape(-1), order, part.gate_order)
        if "weight_hr_data" in own:
            found[prefix + "projection_kernel"] = own["weight_hr_data"].T.copy()
    return {name: found[name] for name in cell.parameter_shapes}


def dump(cell: Cell | Stack, params: Mapping[str, Any]) -> dict[str, Array]:
    """A layer's arrays by name, in the order of the file, from the cell's parameters."""
    parts = _parts(cell)
    params = mapping("params", params, cell.parameter_shapes)
    found: dict[str, list[Array]] = {}
    for prefix, part in parts:
        order = GATE_ORDER[type(part).__name__]
        for name, its in NAMES.items():
            if name not in part.parameter_shapes:
                continue
            array = _checked(params, prefix, name, part)
            own = array if name == "projection_kernel" else gates.reordered(array, part.gate_order, order)
            if name == "bias":
                own = own.reshape(len(order), -1).T
                if part.use_recurrent_bias:
                    own = np.concatenate([own, _inside(params, prefix, part)[:, None]], axis=1)
            found.setdefault(its, []).append(own.T)
    return {name: np.stack(arrays) for name, arrays in found.items()}


def _checked(params: Mapping[str, Any], prefix: str, name: str, part: Any) -> Array:
    return gates.checked(f"params[{prefix + name!r}]", params[prefix + name], part.parameter_shapes[name])


def _inside(params: Mapping[str, Any], prefix: str, part: Any) -> Array:
    """The candidate's recurrent bias; `InvalidArgument` where another gate has one."""
    bias = _checked(params, prefix, "recurrent_bias", part)
    if count := np.count_nonzero(bias[: -part.hidden_size]):
        expected = "zeros but for the candidate's (layouts.convert to this layout's name folds them into the bias)"
        raise InvalidArgument(f"params[{prefix + 'recurrent_bias'!r}]", expected=expected, got=f"{count} others")
    return bias[-part.hidden_size :]


def _shapes(part: Any) -> dict[str, tuple[int, ...]]:
    """The shape of each array of one direction."""
    width, biases = len(part.gate_order), len(part.gate_order) + part.use_recurrent_bias
    hidden, size = part.hidden_size, part.output_size
    shapes: dict[str, tuple[int, ...]] = {
        "weight_xc_data": (width * hidden, part.input_size),
        "bias_c_data": (biases, hidden),
        "weight_hc_data": (width * hidden, size),
    }
    return shapes | ({"weight_hr_data": (size, hidden)} if "projection_kernel" in part.parameter_shapes else {})


def _parts(cell: Cell | Stack) -> list[tuple[str, Any]]:
    """Prefix and cell of each direction; `InvalidArgument` where ncnn has no such layer."""
    if isinstance(cell, Stack):
        first: Any = cell.layers[0].forward or cell.layers[0].backward
        if cell.layers != (Layer(first, first),):
            expected = "one layer, both directions of one kind and size, merged by 'concat' (as ncnn has it)"
            raise InvalidArgument("cell.layers", expected=expected, got=str(cell.layers))
    parts: list[tuple[str, Any]] = named_cells(cell)
    for _, part in parts:
        gates.order_of(part, GATE_ORDER)
        gates.refuse(part, ("peepholes", "input_forget", "clip", "forget_bias", "output_activation"), "ncnn")
        if not getattr(part, "reset_after", True):
            raise InvalidArgument("cell.reset_after", expected="True (as ncnn has it)", got=False)
        inside = hasattr(part, "reset_after")
        if (part.use_bias, part.use_recurrent_bias) != (True, inside):
            expected = f"use_bias=True, use_recurrent_bias={inside} (as ncnn has it; {gates.CONVERTED})"
            got = f"use_bias={part.use_bias}, use_recurrent_bias={part.use_recurrent_bias}"
            raise InvalidArgument("cell", expected=expected, got=got)
    return parts
