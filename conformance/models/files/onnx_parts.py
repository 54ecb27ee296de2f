"""What ONNX's operators around recurrent nodes compute, as far as exporters write them.

`EXACT` only move, choose, compare and count; `ROUNDED` compute, on float64 arrays or on arrays with error bounds
(integers stay integers). Each takes the node and the arrays that go in, None for an input that is left out.

Source: onnx/defs, ONNX 1.23, opsets 7 to 23.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.elementary import exp, log, sqrt
from refimpl.layouts.onnx_node import from_onnx

from ...contract import Array
from . import parts
from .model import Node

Operator = Callable[[Node, Sequence[Any]], Any]
TYPES = {
    **{1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_},
    **{10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64},
}
_END = 2**31
MOST_ELEMENTS = 2**28
"""That an operator which makes arrays out of sizes may make."""


def _ints(value: Any) -> list[int]:
    return [int(each) for each in np.asarray(value).reshape(-1)]


def _given(node: Node, inputs: Sequence[Any], k: int, attribute: str) -> list[int] | None:
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
    starts, ends = _given(node, inputs, 1, "starts") or [], _given(node, inputs, 2, "ends") or []
    axes = _given(node, inputs, 3, "axes") or list(range(len(starts)))
    steps = _given(node, inputs, 4, "steps") or [1] * len(starts)
    index: list[Any] = [slice(None)] * inputs[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        first = None if step < 0 and start >= _END else start
        index[axis] = slice(first, None if abs(end) >= _END and (step > 0) == (end > 0) else end, step)
    return np.asarray(inputs[0][tuple(index)])


def _squeeze(node: Node, inputs: Sequence[Any]) -> Array:
    axes = _given(node, inputs, 1, "axes")
    return np.squeeze(np.asarray(inputs[0]), axis=None if axes is None else tuple(axes))


def _unsqueeze(node: Node, inputs: Sequence[Any]) -> Array:
    return np.expand_dims(inputs[0], tuple(_given(node, inputs, 1, "axes") or ()))


def _reshape(node: Node, inputs: Sequence[Any]) -> Array:
    shape = _given(node, inputs, 1, "shape") or []
    if not node.attributes.get("allowzero", 0):
        shape = [inputs[0].shape[k] if size == 0 else size for k, size in enumerate(shape)]
    return np.asarray(inputs[0].reshape(shape))


def _transpose(node: Node, inputs: Sequence[Any]) -> Array:
    return np.transpose(inputs[0], node.attributes.get("perm"))


def _concat(node: Node, inputs: Sequence[Any]) -> Array:
    return np.concatenate(list(inputs), axis=node.attributes["axis"])


def _split(node: Node, inputs: Sequence[Any]) -> list[Array]:
    axis, sizes = node.attributes.get("axis", 0), _given(node, inputs, 1, "split")
    if sizes is None:
        each = -(-inputs[0].shape[axis] // len(node.outputs))
        return [np.asarray(part) for part in np.split(inputs[0], range(each, inputs[0].shape[axis], each), axis)]
    return [np.asarray(part) for part in np.split(inputs[0], np.cumsum(sizes)[:-1], axis)]


def _bounded(shape: Sequence[int]) -> list[int]:
    if np.prod([float(size) for size in shape]) > MOST_ELEMENTS:
        raise NotImplementedError(f"an array of the shape {list(shape)}")
    return list(shape)


def _filled(node: Node, inputs: Sequence[Any]) -> Array:
    value = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)[:1]
    return np.full(_bounded(_ints(inputs[0])), value[0], value.dtype)


def _expand(node: Node, inputs: Sequence[Any]) -> Array:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(_bounded(_ints(inputs[1]))))
    return np.asarray(np.broadcast_to(inputs[0], shape))


def _tile(node: Node, inputs: Sequence[Any]) -> Array:
    repeats = _ints(inputs[1])
    _bounded([*inputs[0].shape, *repeats])
    return np.tile(inputs[0], repeats)


def _range(node: Node, inputs: Sequence[Any]) -> Array:
    start, limit, delta = (np.asarray(each).reshape(())[()] for each in inputs)
    _bounded([abs(int((limit - start) / delta))])
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
    pads, rank = _given(node, inputs, 1, "pads") or [], inputs[0].ndim
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
        axes = _given(node, inputs, 1, "axes")
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


def _leaky_relu(node: Node, inputs: Sequence[Any]) -> Any:
    return parts.activated(inputs[0], f"leaky_relu({float(np.float32(node.attributes.get('alpha', 0.01)))!r})")


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
    "Abs": _elementwise(np.abs),
    "Relu": lambda node, inputs: np.maximum(inputs[0], 0),
    "Max": lambda node, inputs: np.maximum.reduce(list(inputs)),
    "Min": lambda node, inputs: np.minimum.reduce(list(inputs)),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ArgMax": lambda n, i: (
        np.expand_dims(np.argmax(i[0], n.attributes.get("axis", 0)), n.attributes.get("axis", 0))
        if n.attributes.get("keepdims", 1)
        else np.argmax(i[0], n.attributes.get("axis", 0))
    ),
    "Clip": _clip,
}


def _is_integer(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "iub"


def _divided(node: Node, inputs: Sequence[Any]) -> Any:
    if _is_integer(inputs[0]):
        return np.trunc(np.divide(inputs[0], inputs[1])).astype(inputs[0].dtype)
    return inputs[0] / inputs[1]


def _matmul(node: Node, inputs: Sequence[Any]) -> Any:
    return inputs[0] @ inputs[1]


def _gemm(node: Node, inputs: Sequence[Any]) -> Any:
    attributes = node.attributes
    if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        raise NotImplementedError("Gemm with factors")
    a = inputs[0].T if attributes.get("transA", 0) else inputs[0]
    b = inputs[1].T if attributes.get("transB", 0) else inputs[1]
    y = a @ b
    return y if len(inputs) < 3 or inputs[2] is None else y + inputs[2]


def _activation(node: Node, inputs: Sequence[Any]) -> Any:
    alpha, beta = ([node.attributes[name]] if name in node.attributes else [] for name in ("alpha", "beta"))
    return parts.activated(inputs[0], from_onnx(node.operator, iter(alpha), iter(beta)))


def _softmax(node: Node, inputs: Sequence[Any]) -> Any:
    if node.attributes.get("axis", -1) not in (-1, len(inputs[0].shape) - 1):
        raise NotImplementedError("a softmax over another axis than the last")
    return parts.activated(inputs[0], "softmax" if node.operator == "Softmax" else "log_softmax")


def _power(node: Node, inputs: Sequence[Any]) -> Any:
    exponent = float(np.asarray(inputs[1]).reshape(-1)[0]) if np.size(inputs[1]) == 1 else np.nan
    if exponent != int(exponent if np.isfinite(exponent) else 0) or exponent < 1:
        raise NotImplementedError("a power whose exponent is no whole number")
    return inputs[0] ** int(exponent)


def _summed(node: Node, inputs: Sequence[Any]) -> Any:
    axes, keep = _given(node, inputs, 1, "axes"), bool(node.attributes.get("keepdims", 1))
    rank = len(inputs[0].shape)
    axes = sorted(axis % rank for axis in (range(rank) if axes is None else axes))
    total, count = inputs[0], float(np.prod([inputs[0].shape[axis] for axis in axes]))
    for axis in reversed(axes):
        total = total.sum(axis=axis)
    if keep:
        total = total.reshape(*(1 if k in axes else size for k, size in enumerate(inputs[0].shape)))
    return total / count if node.operator == "ReduceMean" else total


def _layer_normalization(node: Node, inputs: Sequence[Any]) -> Any:
    if node.attributes.get("axis", -1) not in (-1, len(inputs[0].shape) - 1) or len(node.outputs) > 1:
        raise NotImplementedError("LayerNormalization over more than the last axis")
    shift = inputs[2] if len(inputs) > 2 else None
    return parts.normalized(inputs[0], inputs[1], shift, float(node.attributes.get("epsilon", 1e-5)))


def _batch_normalization(node: Node, inputs: Sequence[Any]) -> Any:
    if len(inputs[0].shape) != 2:
        raise NotImplementedError("BatchNormalization of more than two axes")
    x, scale, shift, mean, variance = inputs
    mean, variance = (getattr(each, "value", each) for each in (mean, variance))
    return parts.standardized(x, scale, shift, mean, variance, float(node.attributes.get("epsilon", 1e-5)))


ROUNDED: Mapping[str, Operator] = {
    "Add": lambda node, inputs: inputs[0] + inputs[1],
    "Sub": lambda node, inputs: inputs[0] - inputs[1],
    "Mul": lambda node, inputs: inputs[0] * inputs[1],
    "Div": _divided,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Sqrt": lambda node, inputs: sqrt(inputs[0]),
    "Exp": lambda node, inputs: exp(inputs[0]),
    "Log": lambda node, inputs: log(inputs[0]),
    "Pow": _power,
    "ReduceMean": _summed,
    "ReduceSum": _summed,
    **dict.fromkeys(("Sigmoid", "Tanh", "Softplus", "Softsign", "Elu", "HardSigmoid"), _activation),
    "LeakyRelu": _leaky_relu,
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    "LayerNormalization": _layer_normalization,
    "BatchNormalization": _batch_normalization,
}
