"""A model of the oracle as Keras and PyTorch build it: the layers' options, and the weights in their layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import refimpl as ri

from ..cases import Array, Quantities

Layers = list[tuple[str, dict[str, Any]]]


def keras_layers(model: ri.Model) -> Layers:
    """Class name and options of each layer, for a ``keras.Sequential``."""
    return [_keras_layer(layer) for layer in model.layers]


def _keras_layer(layer: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(layer, ri.Embedding):
        options = {"input_dim": layer.vocabulary_size, "output_dim": layer.output_size, "mask_zero": layer.mask_zero}
        return "Embedding", options
    if isinstance(layer, ri.Dense):
        return "Dense", {"units": layer.output_size, "activation": layer.activation, "use_bias": layer.use_bias}
    cell, options = cell_of(layer), {}
    options |= {"units": cell.hidden_size, "activation": cell.activation, "use_bias": cell.use_bias}
    for name in ("recurrent_activation", "reset_after"):
        if hasattr(cell, name):
            options[name] = getattr(cell, name)
    return type(cell).__name__, options | {"return_sequences": getattr(layer, "return_sequences", False)}


def to_keras(model: ri.Model, params: Quantities) -> dict[str, Array]:
    """What ``model.set_weights`` takes, as ``w0``, ``w1`` and so on."""
    found: list[Array] = []
    for name, layer in zip(model.names, model.layers, strict=True):
        part = model.part(params, name)
        if isinstance(layer, ri.Embedding | ri.Dense):
            found += [part[key] for key in layer.parameter_shapes]
        else:
            found += ri.layouts.keras.dump(cell_of(layer), part)
    return {f"w{k}": array for k, array in enumerate(found)}


def from_keras(model: ri.Model, weights: Sequence[Array]) -> dict[str, Array]:
    """The inverse of `to_keras`, from the list that ``model.get_weights()`` gives."""
    left = list(weights)
    found: dict[str, Array] = {}
    for name, layer in zip(model.names, model.layers, strict=True):
        if isinstance(layer, ri.Embedding | ri.Dense):
            part: Mapping[str, Array] = {key: left.pop(0) for key in layer.parameter_shapes}
        else:
            cell = cell_of(layer)
            count = 2 + bool(cell.use_bias)
            part = ri.layouts.keras.load(cell, left[:count])
            del left[:count]
        found |= {f"{name}.{key}": array for key, array in part.items()}
    return found


def cell_of(layer: Any) -> Any:
    """The cell of a recurrent layer, which a model may hold bare."""
    return getattr(layer, "cell", layer)
