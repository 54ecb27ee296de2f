"""ONNX's operators that compute, as far as exporters write them around recurrent nodes.

On float64 arrays or on arrays with error bounds; integers stay integers. Each takes the node and the arrays that go in,
None for an input that is left out. Those that only move numbers are in `onnx_moves`.

Source: onnx/defs, ONNX 1.23, opsets 7 to 23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.elementary import exp, log, sqrt
from refimpl.layouts.onnx_node import from_onnx

from ..model import Node
from . import parts
from .onnx_convolution import convolution
from .onnx_moves import Operator, given


def _leaky_relu(node: Node, inputs: Sequence[Any]) -> Any:
    return parts.activated(inputs[0], f"leaky_relu({float(np.float32(node.attributes.get('alpha', 0.01)))!r})")


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


def _dequantised(node: Node, inputs: Sequence[Any]) -> Any:
    if np.size(getattr(inputs[1], "value", inputs[1])) != 1:
        raise NotImplementedError("DequantizeLinear with a scale for each row")
    centre = inputs[2] if len(inputs) > 2 and inputs[2] is not None else 0
    return inputs[1] * (np.asarray(inputs[0], np.float64) - np.asarray(centre, np.float64))


def _activation(node: Node, inputs: Sequence[Any]) -> Any:
    alpha, beta = ([node.attributes[name]] if name in node.attributes else [] for name in ("alpha", "beta"))
    return parts.activated(inputs[0], from_onnx(node.operator, iter(alpha), iter(beta)))


def _softmax(node: Node, inputs: Sequence[Any]) -> Any:
    if node.attributes.get("axis", -1) not in (-1, len(inputs[0].shape) - 1):
        raise NotImplementedError("a softmax over another axis than the last")
    return parts.activated(inputs[0], "softmax" if node.operator == "Softmax" else "log_softmax")


def _power(node: Node, inputs: Sequence[Any]) -> Any:
    given_exponent = np.asarray(getattr(inputs[1], "value", inputs[1]))
    exponent = float(given_exponent.reshape(-1)[0]) if given_exponent.size == 1 else np.nan
    if exponent != int(exponent if np.isfinite(exponent) else 0) or exponent < 1:
        raise NotImplementedError("a power whose exponent is no whole number")
    return inputs[0] ** int(exponent)


def _summed(node: Node, inputs: Sequence[Any]) -> Any:
    axes, keep = given(node, inputs, 1, "axes"), bool(node.attributes.get("keepdims", 1))
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


def _pooled_average(node: Node, inputs: Sequence[Any]) -> Any:
    x = inputs[0]
    mean = x.reshape(*x.shape[:2], -1).sum(axis=2) / float(np.prod(x.shape[2:]))
    return mean.reshape(*x.shape[:2], *[1] * (len(x.shape) - 2))


ROUNDED: Mapping[str, Operator] = {
    "Add": lambda node, inputs: inputs[0] + inputs[1],
    "Sub": lambda node, inputs: inputs[0] - inputs[1],
    "Mul": lambda node, inputs: inputs[0] * inputs[1],
    "Div": _divided,
    "MatMul": _matmul,
    "Conv": convolution,
    "DequantizeLinear": _dequantised,
    "Gemm": _gemm,
    "Sqrt": lambda node, inputs: sqrt(inputs[0]),
    "Exp": lambda node, inputs: exp(inputs[0]),
    "Log": lambda node, inputs: log(inputs[0]),
    "Pow": _power,
    "ReduceMean": _summed,
    "GlobalAveragePool": _pooled_average,
    "Reciprocal": lambda node, inputs: 1.0 / inputs[0],
    "ReduceSum": _summed,
    **dict.fromkeys(("Sigmoid", "Tanh", "Softplus", "Softsign", "Elu", "HardSigmoid"), _activation),
    "LeakyRelu": _leaky_relu,
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    "LayerNormalization": _layer_normalization,
    "BatchNormalization": _batch_normalization,
}
