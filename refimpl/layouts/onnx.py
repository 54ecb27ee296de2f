"""ONNX: a node's inputs and outputs by their names in the operator's specification, one row a direction.

========  =========  ====================================================================================
operator  gates      tensors, D directions: forward, or reverse, or both in this order
========  =========  ====================================================================================
RNN                  ``W`` ``(D, gates*hidden, input)``, ``R`` ``(D, gates*hidden, hidden)``
LSTM      i o f c    ``B`` ``(D, 2*gates*hidden)``: the input's bias Wb of all gates, then the recurrent Rb
GRU       z r h      ``P`` ``(D, 3*hidden)``: LSTM's peepholes, in the order i o f
========  =========  ====================================================================================

ONNX's ``c`` is our candidate ``g``, its ``h`` our ``n``. ``B`` has both biases or is absent, so the cell must set
``use_bias`` and ``use_recurrent_bias`` alike; a node has no projection and no ``forget_bias``.

A cell is a node in one direction, which is ``reverse`` at run time; a `Stack` of one layer says its direction itself,
and with both, ``merge`` is "concat": ONNX keeps the directions apart in ``Y``. Attributes are in `onnx_node`.

Sequences are ``X`` ``(time, batch, input)`` and ``Y`` ``(time, D, batch, hidden)``, states ``(D, batch, hidden)``;
with the attribute ``layout`` 1 batch comes first: ``(batch, time, input)``, ``(batch, time, D, hidden)`` and
``(batch, D, hidden)``.

Source: the operators RNN, LSTM and GRU of onnx/defs/rnn/defs.cc, opsets 7, 14 and 22, ONNX 1.23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Array
from ..checks import count, described, mapping, sequence
from ..checks import weights as weights_of
from ..errors import InvalidArgument
from ..linear import concatenate
from ..parameters import Cell, Parameters, State
from ..stack import Stack, named_cells
from . import gates

GATE_ORDER: gates.Orders = {
    "SimpleRNN": ("h",),
    "LSTM": ("i", "o", "f", "g"),
    "GRU": ("z", "r", "n"),
}
PEEPHOLE_ORDER, _OUR_PEEPHOLE_ORDER = ("i", "o", "f"), ("i", "f", "o")


def load(cell: Cell | Stack, weights: Mapping[str, Any]) -> Parameters:
    """The cell's parameters from ``W``, ``R`` and, where it has them, ``B`` and ``P``."""
    shapes = _shapes(cell)
    weights = mapping("weights", weights, shapes)
    found = {name: gates.checked(f"weights[{name!r}]", weights[name], shape) for name, shape in shapes.items()}
    params: Parameters = {}
    for row, (prefix, one) in enumerate(directions(cell)):
        order = GATE_ORDER[type(one).__name__]

        def ours(array: Array, order: tuple[str, ...] = order, one: Cell = one) -> Array:
            return gates.reordered(array, order, one.gate_order)

        its = {"kernel": ours(found["W"][row].T), "recurrent_kernel": ours(found["R"][row].T)}
        if "B" in found:
            its["bias"], its["recurrent_bias"] = (ours(half) for half in np.split(found["B"][row], 2))
        if "P" in found:
            its["peepholes"] = gates.reordered(found["P"][row], PEEPHOLE_ORDER, _OUR_PEEPHOLE_ORDER)
        params |= {prefix + name: value for name, value in its.items()}
    return params


def dump(cell: Cell | Stack, params: Mapping[str, Any]) -> dict[str, Array]:
    """The node's weights by name, from the cell's parameters."""
    parts, shapes = directions(cell), cell.parameter_shapes
    params = mapping("params", params, shapes)
    checked = {name: gates.checked(f"params[{name!r}]", params[name], shape) for name, shape in shapes.items()}
    rows: dict[str, list[Array]] = {}
    for prefix, one in parts:
        order = GATE_ORDER[type(one).__name__]

        def theirs(name: str, prefix: str = prefix, order: tuple[str, ...] = order, one: Cell = one) -> Array:
            return gates.reordered(checked[prefix + name], one.gate_order, order)

        its = {"W": theirs("kernel").T, "R": theirs("recurrent_kernel").T}
        if one.use_bias:
            its["B"] = concatenate(theirs("bias"), theirs("recurrent_bias"))
        if "peepholes" in one.parameter_shapes:
            its["P"] = gates.reordered(checked[prefix + "peepholes"], _OUR_PEEPHOLE_ORDER, PEEPHOLE_ORDER)
        for name, array in its.items():
            rows.setdefault(name, []).append(array)
    return {name: np.stack(arrays) for name, arrays in rows.items()}


def load_state(cell: Cell | Stack, arrays: Sequence[Any], layout: int = 0) -> State:
    """The state of all directions, in the order of ``cell.state_names``, from ``Y_h`` and, of an LSTM, ``Y_c``
    (or from ``initial_h`` and ``initial_c``); from one of an LSTM's two, the states of that kind alone."""
    parts, layout = directions(cell), _layout(layout)
    kinds, hidden = len(parts[0][1].state_names), parts[0][1].hidden_size
    given = sequence("arrays", arrays, f"a list of {kinds} arrays at most, one a kind of state")
    if not 1 <= len(given) <= kinds:
        raise InvalidArgument("arrays", expected=f"1 to {kinds} arrays, one a kind of state", got=described(arrays))
    by_direction = [
        _moved(_state(f"arrays[{k}]", array, (len(parts), None, hidden), layout), layout, 0)
        for k, array in enumerate(given)
    ]
    _one_batch("arrays", [array.shape[1] for array in by_direction])
    return tuple(array[row].copy() for row in range(len(parts)) for array in by_direction)


def dump_state(cell: Cell | Stack, state: Sequence[Any], layout: int = 0) -> list[Array]:
    """``[initial_h]`` or ``[initial_h, initial_c]`` (likewise ``Y_h``, ``Y_c``), the inverse of `load_state`."""
    parts, layout = directions(cell), _layout(layout)
    names, count = cell.state_names, len(parts[0][1].state_names)
    given = sequence("state", state, f"a tuple ({', '.join(names)})", len(names))
    checked = [_of_axes(f"state[{k}]", part, (None, parts[0][1].hidden_size)) for k, part in enumerate(given)]
    _one_batch("state", [len(part) for part in checked])
    return [_moved(np.stack(checked[k::count]), 0, layout) for k in range(count)]


def load_outputs(y: Any, layout: int = 0) -> Array:
    """Our outputs, ``(batch, time, D * hidden)``, from ``Y``."""
    found = _of_axes("y", y, (None,) * 4)
    found = found if _layout(layout) else found.transpose(2, 0, 1, 3)
    return found.reshape(*found.shape[:2], found.shape[2] * found.shape[3])


def dump_outputs(cell: Cell | Stack, outputs: Any, layout: int = 0) -> Array:
    """``Y``, the inverse of `load_outputs`."""
    parts = directions(cell)
    found = _of_axes("outputs", outputs, (None, None, cell.output_size))
    found = found.reshape(*found.shape[:2], len(parts), parts[0][1].hidden_size)
    return found if _layout(layout) else found.transpose(1, 2, 0, 3)


def dump_input(x: Any, layout: int = 0) -> Array:
    """``X`` from our x, ``(batch, time, input)``."""
    found = _of_axes("x", x, (None,) * 3)
    return found if _layout(layout) else found.transpose(1, 0, 2)


def directions(cell: Cell | Stack) -> tuple[tuple[str, Cell], ...]:
    """The cell of each direction, forward first, with what its parameters' names begin with; `InvalidArgument` where
    ONNX has no such node."""
    if not isinstance(cell, Stack):
        return (("", _checked(cell)),)
    if len(cell.layers) != 1:
        raise InvalidArgument("cell.layers", expected="one (a node is one layer)", got=len(cell.layers))
    (layer,) = cell.layers
    found = tuple((prefix, _checked(one)) for prefix, one in named_cells(cell))
    if layer.merge != "concat":
        raise InvalidArgument("cell.layers[0].merge", expected="concat (Y keeps both directions)", got=layer.merge)
    if len({_without_activations(one) for _, one in found}) > 1:
        raise InvalidArgument("cell.layers[0]", expected="directions that differ in activations only", got=str(layer))
    return found


def _checked(cell: Cell) -> Cell:
    """The cell; `InvalidArgument` where ONNX has none such."""
    gates.order_of(cell, GATE_ORDER)
    if cell.use_bias != cell.use_recurrent_bias:
        raise InvalidArgument(
            "cell.use_recurrent_bias",
            expected=f"{cell.use_bias}, as use_bias is (ONNX has both biases or none; {gates.CONVERTED})",
            got=cell.use_recurrent_bias,
        )
    gates.refuse(cell, ("proj_size", "forget_bias"), "ONNX")
    return cell


def _without_activations(cell: Any) -> Any:
    names = ("activation", "recurrent_activation", "output_activation")
    return replace(cell, **{name: "linear" for name in names if hasattr(cell, name)})


def _shapes(cell: Cell | Stack) -> dict[str, tuple[int, ...]]:
    """The shape of each of the node's weights, by name."""
    parts = directions(cell)
    one, count = parts[0][1], len(parts)
    rows = len(one.gate_order) * one.hidden_size
    found: dict[str, tuple[int, ...]] = {"W": (count, rows, one.input_size), "R": (count, rows, one.hidden_size)}
    if one.use_bias:
        found["B"] = (count, 2 * rows)
    if "peepholes" in one.parameter_shapes:
        found["P"] = (count, 3 * one.hidden_size)
    return found


def _layout(layout: Any) -> int:
    if count("layout", layout, expected="0 or 1") > 1:
        raise InvalidArgument("layout", expected="0 or 1", got=layout)
    return int(layout)


def _of_axes(name: str, value: Any, sizes: tuple[int | None, ...]) -> Array:
    """Numbers in so many axes, of these sizes; of any where there is None."""
    found = weights_of(name, value)
    if found.ndim != len(sizes) or any(size not in (None, got) for size, got in zip(sizes, found.shape, strict=True)):
        expected = f"shape ({', '.join('any' if size is None else str(size) for size in sizes)})"
        raise InvalidArgument(name, expected=expected, got=f"shape {found.shape}")
    return found


def _state(name: str, value: Any, sizes: tuple[int | None, ...], layout: int) -> Array:
    return _of_axes(name, value, (sizes[1], sizes[0], sizes[2]) if layout else sizes)


def _one_batch(name: str, sizes: Sequence[int]) -> None:
    if len(set(sizes)) > 1:
        raise InvalidArgument(name, expected="one batch size for all", got=", ".join(map(str, sizes)))


def _moved(states: Array, source: int, target: int) -> Array:
    """States of one layout in another: directions stand first in 0, second in 1."""
    return states if source == target else np.swapaxes(states, 0, 1)
