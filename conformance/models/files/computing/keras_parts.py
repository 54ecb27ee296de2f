"""What Keras's layers between recurrent layers compute, at rest, and what becomes of the mask.

`EXACT` only move and choose numbers; `ROUNDED` compute with them, on float64 arrays or on arrays with error bounds.
Each takes the node and the arrays that go in. Masks: `mask_after` says what a layer passes on.

Source: keras/src/layers, Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from refimpl.layouts.keras_config import activation_of

from ....contract import Array
from ..model import Node
from . import parts

Operator = Callable[[Node, Sequence[Any]], Any]
AT_REST = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "Identity", "InputLayer"),
)
_KEEP_MASK = (
    *AT_REST,
    *("Dense", "Activation", "LayerNormalization", "BatchNormalization", "TimeDistributed", "Masking"),
    *("ReLU", "LeakyReLU", "ELU", "Softmax"),
    *("SimpleRNN", "LSTM", "GRU", "Bidirectional", "RNN"),
)


def mask_after(node: Node, inputs: Sequence[Array], masks: Sequence[Array | None]) -> Array | None:
    """The mask that goes on with what a layer returns, from those that came with its inputs."""
    options, mask = node.attributes, masks[0] if masks else None
    if node.operator == "Embedding":
        return np.asarray(inputs[0] != 0) if options.get("mask_zero") else None
    if node.operator == "Masking":
        return np.asarray(np.any(inputs[0] != options.get("mask_value", 0.0), axis=-1))
    if node.recurrent is not None and not node.recurrent.return_sequences:
        return None
    if node.operator in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        known = [each for each in masks if each is not None]
        return None if len(known) < len(masks) or not known else np.logical_and.reduce(known)
    return mask if node.operator in _KEEP_MASK else None


def _embedding(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(node.weights[0])[np.asarray(inputs[0]).astype(np.int64)]


def _masking(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    return np.asarray(x * np.any(x != node.attributes.get("mask_value", 0.0), axis=-1, keepdims=True))


def _concatenate(node: Node, inputs: Sequence[Array]) -> Array:
    return np.concatenate(list(inputs), axis=node.attributes.get("axis", -1))


def _reshape(node: Node, inputs: Sequence[Array]) -> Array:
    return inputs[0].reshape(inputs[0].shape[0], *node.attributes["target_shape"])


def _permute(node: Node, inputs: Sequence[Array]) -> Array:
    return np.transpose(inputs[0], (0, *node.attributes["dims"]))


def _flatten(node: Node, inputs: Sequence[Array]) -> Array:
    return inputs[0].reshape(inputs[0].shape[0], -1)


def _repeat(node: Node, inputs: Sequence[Array]) -> Array:
    return np.repeat(inputs[0][:, None], int(node.attributes["n"]), axis=1)


def _not_equal(node: Node, inputs: Sequence[Array]) -> Array:
    constants = node.attributes["constants"]
    other = inputs[1] if len(inputs) > 1 else constants.get("1", constants.get("0"))
    return np.asarray(inputs[0] != other)


def _any(node: Node, inputs: Sequence[Array]) -> Array:
    axis = node.attributes.get("axis")
    axis = tuple(axis) if isinstance(axis, list) else axis
    return np.asarray(np.any(inputs[0], axis=axis, keepdims=bool(node.attributes.get("keepdims"))))


def _maximum(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(np.maximum.reduce(list(inputs)))


def _pooled_maximum(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(np.max(inputs[0], axis=1, keepdims=bool(node.attributes.get("keepdims"))))


EXACT: Mapping[str, Operator] = {
    **dict.fromkeys(AT_REST, lambda node, inputs: inputs[0]),
    "Embedding": _embedding,
    "Masking": _masking,
    "Concatenate": _concatenate,
    "Reshape": _reshape,
    "Permute": _permute,
    "Flatten": _flatten,
    "RepeatVector": _repeat,
    "NotEqual": _not_equal,
    "Any": _any,
    "Maximum": _maximum,
    "GlobalMaxPooling1D": _pooled_maximum,
}


def _dense(node: Node, inputs: Sequence[Any]) -> Any:
    kernel, bias = node.weights[0], node.weights[1] if node.attributes.get("use_bias", True) else None
    y = parts.dense(inputs[0], kernel.astype(np.float64), None if bias is None else bias.astype(np.float64))
    return parts.activated(y, activation_of(node.attributes.get("activation")))


def _activation(node: Node, inputs: Sequence[Any]) -> Any:
    return parts.activated(inputs[0], activation_of(node.attributes.get("activation")))


def _as_activation(node: Node, inputs: Sequence[Any]) -> Any:
    return parts.activated(inputs[0], activation_of({"class_name": node.operator, "config": node.attributes}))


def _softmax(node: Node, inputs: Sequence[Any]) -> Any:
    if node.attributes.get("axis", -1) not in (-1, len(inputs[0].shape) - 1):
        raise NotImplementedError("a softmax over another axis than the last")
    return parts.activated(inputs[0], "softmax")


def _last_axis_alone(node: Node, inputs: Sequence[Any]) -> None:
    axis = node.attributes.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(inputs[0].shape) - 1):
        raise NotImplementedError(f"{node.operator} over another axis than the last")


def _scale_and_shift(node: Node) -> tuple[Any, Any, list[Array]]:
    arrays = [array.astype(np.float64) for array in node.weights]
    scale = arrays.pop(0) if node.attributes.get("scale", True) else None
    shift = arrays.pop(0) if node.attributes.get("center", True) else None
    return scale, shift, arrays


def _layer_normalization(node: Node, inputs: Sequence[Any]) -> Any:
    _last_axis_alone(node, inputs)
    if node.attributes.get("rms_scaling"):
        raise NotImplementedError("LayerNormalization with rms_scaling")
    scale, shift, _ = _scale_and_shift(node)
    return parts.normalized(inputs[0], scale, shift, float(node.attributes.get("epsilon", 1e-3)))


def _batch_normalization(node: Node, inputs: Sequence[Any]) -> Any:
    _last_axis_alone(node, inputs)
    scale, shift, (mean, variance) = _scale_and_shift(node)
    return parts.standardized(inputs[0], scale, shift, mean, variance, float(node.attributes.get("epsilon", 1e-3)))


def _added(node: Node, inputs: Sequence[Any]) -> Any:
    total = inputs[0]
    for each in inputs[1:]:
        total = total + each
    return total / float(len(inputs)) if node.operator == "Average" else total


def _multiplied(node: Node, inputs: Sequence[Any]) -> Any:
    product = inputs[0]
    for each in inputs[1:]:
        product = product * each
    return product


def _subtracted(node: Node, inputs: Sequence[Any]) -> Any:
    return inputs[0] - inputs[1]


def _pooled_average(node: Node, inputs: Sequence[Any]) -> Any:
    time = inputs[0].shape[1]
    y = inputs[0].swapaxes(1, 2).sum(axis=2) / float(time)
    return y.reshape(y.shape[0], 1, y.shape[1]) if node.attributes.get("keepdims") else y


def _time_distributed(node: Node, inputs: Sequence[Any]) -> Any:
    inner = node.attributes["layer"]
    name = inner["class_name"]
    if name not in ("Dense", "Activation", "LayerNormalization", "ReLU", "LeakyReLU", "ELU", *AT_REST):
        raise NotImplementedError(f"TimeDistributed({name})")
    own = Node(node.name, name, node.inputs, node.outputs, node.roles, inner["config"], node.weights)
    return {**EXACT, **ROUNDED}[name](own, inputs)


ROUNDED: dict[str, Operator] = {
    "Dense": _dense,
    "Activation": _activation,
    "ReLU": _as_activation,
    "LeakyReLU": _as_activation,
    "ELU": _as_activation,
    "Softmax": _softmax,
    "LayerNormalization": _layer_normalization,
    "BatchNormalization": _batch_normalization,
    "Add": _added,
    "Average": _added,
    "Subtract": _subtracted,
    "Multiply": _multiplied,
    "GlobalAveragePooling1D": _pooled_average,
    "TimeDistributed": _time_distributed,
}
