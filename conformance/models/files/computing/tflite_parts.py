"""TensorFlow Lite's operators that ONNX has not, or has in another form.

The rest are ONNX's (`onnx_moves`, `onnx_parts`).

The reader gives those that are the same ONNX's names (`readers.tflite_operators`).

Source: tensorflow/lite/kernels and ``mlir/lite/ir/tfl_ops.td``, TensorFlow 2.21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.elementary import sqrt

from ....contract import Array
from ..model import Node
from . import onnx_moves, onnx_parts, onnx_sizes, parts
from .onnx_moves import Operator


def _ints(value: Any) -> list[int]:
    return [int(each) for each in np.asarray(value).reshape(-1)]


def _strided_slice(node: Node, inputs: Sequence[Any]) -> Array:
    x, (begins, ends, steps) = inputs[0], (_ints(each) for each in inputs[1:4])
    masks = {name: int(node.attributes.get(name, 0)) for name in ("begin", "end", "shrink", "ellipsis", "new")}
    if masks["ellipsis"] or masks["new"]:
        raise NotImplementedError("a strided slice with an ellipsis or a new axis")
    index: list[Any] = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << axis
        if masks["shrink"] & bit:
            index.append(begin)
        else:
            index.append(slice(None if masks["begin"] & bit else begin, None if masks["end"] & bit else end, stride))
    return np.asarray(x[tuple(index)])


def _slice(node: Node, inputs: Sequence[Any]) -> Array:
    begins, sizes = _ints(inputs[1]), _ints(inputs[2])
    return np.asarray(
        inputs[0][tuple(slice(b, None if size < 0 else b + size) for b, size in zip(begins, sizes, strict=True))]
    )


def _pack(node: Node, inputs: Sequence[Any]) -> Array:
    return np.stack([np.asarray(each) for each in inputs], axis=int(node.attributes.get("axis", 0)))


def _unpack(node: Node, inputs: Sequence[Any]) -> list[Array]:
    axis = int(node.attributes.get("axis", 0))
    return [np.take(inputs[0], k, axis=axis) for k in range(inputs[0].shape[axis])]


def _split_by_sizes(node: Node, inputs: Sequence[Any]) -> list[Array]:
    return np.split(inputs[0], np.cumsum(_ints(inputs[1]))[:-1], axis=_ints(inputs[2])[0])


def _fill(node: Node, inputs: Sequence[Any]) -> Array:
    sizes = _ints(inputs[0])
    if int(np.prod(sizes, dtype=np.float64)) > onnx_sizes.MOST_NUMBERS:
        raise NotImplementedError("an array of that size")
    return np.full(sizes, np.asarray(inputs[1]).reshape(-1)[0])


def _reverse(node: Node, inputs: Sequence[Any]) -> Array:
    return np.flip(inputs[0], axis=tuple(_ints(inputs[1])))


def _squared_difference(node: Node, inputs: Sequence[Any]) -> Any:
    difference = inputs[0] - inputs[1]
    return difference * difference


def _fully_connected(node: Node, inputs: Sequence[Any]) -> Any:
    x, matrix = inputs[0], inputs[1]
    bias = inputs[2] if len(inputs) > 2 else None
    columns = matrix.T if hasattr(matrix, "T") else matrix
    flat = x.reshape(-1, x.shape[-1])
    y = flat @ columns
    y = y if bias is None else y + bias
    return y.reshape(*x.shape[:-1], columns.shape[1]) if node.attributes.get("keep") else y


def _reciprocal_root(node: Node, inputs: Sequence[Any]) -> Any:
    return 1.0 / sqrt(inputs[0])


def _rectified_to_six(node: Node, inputs: Sequence[Any]) -> Any:
    return np.clip(inputs[0], 0, 6)


def _softmax(node: Node, inputs: Sequence[Any]) -> Any:
    if node.attributes.get("beta", 1.0) != 1.0:
        raise NotImplementedError("a softmax with a factor")
    return parts.activated(inputs[0], "softmax")


EXACT: Mapping[str, Operator] = {
    **onnx_moves.EXACT,
    "StridedSlice": _strided_slice,
    "Slice": _slice,
    "Pack": _pack,
    "Unpack": _unpack,
    "SplitV": _split_by_sizes,
    "Fill": _fill,
    "ReverseV2": _reverse,
    "Relu6": _rectified_to_six,
    "Transpose": lambda node, inputs: np.transpose(inputs[0], _ints(inputs[1])),
    "Concat": lambda node, inputs: np.concatenate(list(inputs), axis=int(node.attributes.get("axis", 0))),
    "Split": lambda node, inputs: np.split(inputs[1], int(node.attributes["count"]), axis=_ints(inputs[0])[0]),
    "Unsqueeze": lambda node, inputs: np.expand_dims(inputs[0], _ints(inputs[1])[0]),
    "NotEqual": lambda node, inputs: np.not_equal(inputs[0], inputs[1]),
    "ZerosLike": lambda node, inputs: np.zeros_like(inputs[0]),
    "Dequantize": lambda node, inputs: np.asarray(inputs[0]),
}
ROUNDED: Mapping[str, Operator] = {
    **onnx_parts.ROUNDED,
    "FullyConnected": _fully_connected,
    "SquaredDifference": _squared_difference,
    "Rsqrt": _reciprocal_root,
    "Softmax": _softmax,
}
