"""ONNX's operators that only move, choose, compare and count, as far as exporters write them around recurrent nodes.

Each takes the node and the arrays that go in, None for an input that is left out.

Source: onnx/defs, ONNX 1.23, opsets 7 to 23.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from ....contract import Array
from ..model import Node

Operator = Callable[[Node, Sequence[Any]], Any]
TYPES = {
    **{1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_},
    **{10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64},
}
_END = 2**31


def _ints(value: Any) -> list[int]:
    return [int(each) for each in np.asarray(value).reshape(-1)]


def given(node: Node, inputs: Sequence[Any], k: int, attribute: str) -> list[int] | None:
    """What older opsets have as an attribute and newer ones as an input."""
    if len(inputs) > k and inputs[k] is not None:
        return _ints(inputs[k])
    return _ints(node.attributes[attribute]) if attribute in node.attributes else None


def _shape(node: Node, inputs: Sequence[Any]) -> Array:
    sizes = np.array(inputs[0].shape, np.int64)
    return sizes[node.attributes.get("start", 0) : node.attributes.get("end", _END)]


def _gather(node: Node, inputs: Sequence[Any]) -> Array:
    return np.take(inputs[0], np.asarray(inputs[1]), axis=node.attributes.get("axis", 0))


def _slice(node: Node, inputs: Sequence[Any]) -> Array:
    starts, ends = given(node, inputs, 1, "starts") or [], given(node, inputs, 2, "ends") or []
    axes = given(node, inputs, 3, "axes") or list(range(len(starts)))
    steps = given(node, inputs, 4, "steps") or [1] * len(starts)
    index: list[Any] = [slice(None)] * inputs[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = slice(start, None if abs(end) >= _END and (step > 0) == (end > 0) else end, step)
    return np.asarray(inputs[0][tuple(index)])


def _squeeze(node: Node, inputs: Sequence[Any]) -> Array:
    axes = given(node, inputs, 1, "axes")
    return np.squeeze(np.asarray(inputs[0]), axis=None if axes is None else tuple(axes))


def _unsqueeze(node: Node, inputs: Sequence[Any]) -> Array:
    return np.expand_dims(inputs[0], tuple(given(node, inputs, 1, "axes") or ()))


def _reshape(node: Node, inputs: Sequence[Any]) -> Array:
    shape = given(node, inputs, 1, "shape") or []
    if not node.attributes.get("allowzero", 0):
        shape = [inputs[0].shape[k] if size == 0 else size for k, size in enumerate(shape)]
    return np.asarray(inputs[0].reshape(shape))


def _transpose(node: Node, inputs: Sequence[Any]) -> Array:
    return np.transpose(inputs[0], node.attributes.get("perm"))


def _concat(node: Node, inputs: Sequence[Any]) -> Array:
    return np.concatenate(list(inputs), axis=node.attributes["axis"])


def _split(node: Node, inputs: Sequence[Any]) -> list[Array]:
    axis, sizes = node.attributes.get("axis", 0), given(node, inputs, 1, "split")
    if sizes is None:
        each = -(-inputs[0].shape[axis] // len(node.outputs))
        return [np.asarray(part) for part in np.split(inputs[0], range(each, inputs[0].shape[axis], each), axis)]
    return [np.asarray(part) for part in np.split(inputs[0], np.cumsum(sizes)[:-1], axis)]


def _filled(node: Node, inputs: Sequence[Any]) -> Array:
    value = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)[:1]
    return np.full(_ints(inputs[0]), value[0], value.dtype)


def _expand(node: Node, inputs: Sequence[Any]) -> Array:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(_ints(inputs[1])))
    return np.asarray(np.broadcast_to(inputs[0], shape))


def _tile(node: Node, inputs: Sequence[Any]) -> Array:
    return np.tile(inputs[0], _ints(inputs[1]))


def _range(node: Node, inputs: Sequence[Any]) -> Array:
    start, limit, delta = (np.asarray(each).reshape(())[()] for each in inputs)
    arange: Any = np.arange
    return np.asarray(arange(start, limit, delta))


def _cast(node: Node, inputs: Sequence[Any]) -> Array:
    to = node.attributes["to"]
    if to not in TYPES:
        raise NotImplementedError(f"a cast to ONNX's type {to}")
    found: Array = np.asarray(inputs[0]).astype(TYPES[to])
    return found.astype(np.float64) if found.dtype.kind == "f" else found


def _constant(node: Node, inputs: Sequence[Any]) -> Array:
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64)):
        if name in node.attributes:
            return np.asarray(node.attributes[name], dtype)
    if "value_ints" in node.attributes:
        return np.asarray(node.attributes["value_ints"], np.int64)
    return np.asarray(node.attributes["value"])


def _flatten(node: Node, inputs: Sequence[Any]) -> Array:
    axis = node.attributes.get("axis", 1) % (inputs[0].ndim + 1)
    return np.asarray(inputs[0].reshape(int(np.prod(inputs[0].shape[:axis])), -1))


def _pad(node: Node, inputs: Sequence[Any]) -> Array:
    pads, rank = given(node, inputs, 1, "pads") or [], inputs[0].ndim
    axes = _ints(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(rank))
    widths = [(0, 0)] * rank
    for k, axis in enumerate(axes):
        widths[axis] = (pads[k], pads[k + len(axes)])
    mode = node.attributes.get("mode", "constant")
    if mode == "constant":
        value = inputs[2] if len(inputs) > 2 and inputs[2] is not None else node.attributes.get("value", 0)
        return np.pad(inputs[0], widths, constant_values=np.asarray(value).reshape(-1)[0])
    pad: Any = np.pad
    return np.asarray(pad(inputs[0], widths, mode=mode))


def _reverse_sequence(node: Node, inputs: Sequence[Any]) -> Array:
    time, batch = node.attributes.get("time_axis", 0), node.attributes.get("batch_axis", 1)
    x = np.moveaxis(inputs[0], (batch, time), (0, 1)).copy()
    for row, length in zip(x, _ints(inputs[1]), strict=True):
        row[:length] = row[:length][::-1].copy()
    return np.moveaxis(x, (0, 1), (batch, time))


def _reduced(reduce: Callable[..., Any]) -> Operator:
    def operator(node: Node, inputs: Sequence[Any]) -> Any:
        axes = given(node, inputs, 1, "axes")
        keep = bool(node.attributes.get("keepdims", 1))
        return reduce(np.asarray(inputs[0]), axis=None if axes is None else tuple(axes), keepdims=keep)

    return operator


def _clip(node: Node, inputs: Sequence[Any]) -> Array:
    low, high = (
        inputs[k] if len(inputs) > k and inputs[k] is not None else node.attributes.get(name)
        for k, name in ((1, "min"), (2, "max"))
    )
    return np.asarray(np.clip(inputs[0], low, high))


def _elementwise(function: Callable[..., Any]) -> Operator:
    return lambda node, inputs: function(*inputs)


EXACT: Mapping[str, Operator] = {
    "Identity": lambda node, inputs: inputs[0],
    "Dropout": lambda node, inputs: [inputs[0], np.ones(inputs[0].shape, bool)][: len(node.outputs)],
    "Constant": _constant,
    "Shape": _shape,
    "Size": lambda node, inputs: np.array(inputs[0].size, np.int64),
    "Gather": _gather,
    "GatherElements": lambda n, i: np.take_along_axis(i[0], np.asarray(i[1]), n.attributes.get("axis", 0)),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Tile": _tile,
    "Range": _range,
    "Cast": _cast,
    "Flatten": _flatten,
    "Pad": _pad,
    "ReverseSequence": _reverse_sequence,
    "Where": _elementwise(np.where),
    "Equal": _elementwise(np.equal),
    "Greater": _elementwise(np.greater),
    "GreaterOrEqual": _elementwise(np.greater_equal),
    "Less": _elementwise(np.less),
    "LessOrEqual": _elementwise(np.less_equal),
    "Not": _elementwise(np.logical_not),
    "And": _elementwise(np.logical_and),
    "Or": _elementwise(np.logical_or),
    "Neg": _elementwise(np.negative),
    "Floor": _elementwise(np.floor),
    "Abs": _elementwise(np.abs),
    "Relu": lambda node, inputs: np.maximum(inputs[0], 0),
    "Max": lambda node, inputs: reduce(np.maximum, inputs),
    "Min": lambda node, inputs: reduce(np.minimum, inputs),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ArgMax": lambda n, i: (
        np.expand_dims(np.argmax(i[0], n.attributes.get("axis", 0)), n.attributes.get("axis", 0))
        if n.attributes.get("keepdims", 1)
        else np.argmax(i[0], n.attributes.get("axis", 0))
    ),
    "Clip": _clip,
}
