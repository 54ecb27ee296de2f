"""A model of the oracle as a ``keras.Sequential``: its layers and their options, and the weights in their list.

Nothing here imports Keras: what it says goes to a process that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import refimpl as ri
from refimpl.layouts import keras as layout

from ...contract import Array, Quantities

_OF_CELLS = ("activation", "recurrent_activation", "use_bias", "reset_after")


def layers_of(model: ri.Model) -> list[tuple[str, dict[str, Any]]]:
    """Class name and options of each layer."""
    return [_layer(layer) for layer in model.layers]


def _layer(layer: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(layer, ri.Embedding):
        options = {"input_dim": layer.vocabulary_size, "output_dim": layer.output_size, "mask_zero": layer.mask_zero}
        return "Embedding", options
    if isinstance(layer, ri.Dense):
        return "Dense", {"units": layer.output_size, "activation": layer.activation, "use_bias": layer.use_bias}
    cell = layer.cell
    options = {name: getattr(cell, name) for name in _OF_CELLS if hasattr(cell, name)}
    return type(cell).__name__, options | {"units": cell.hidden_size, "return_sequences": layer.return_sequences}


def dump(model: ri.Model, params: Quantities) -> list[Array]:
    """What ``model.set_weights`` takes: all layers' weights in one list; gradients and slots likewise."""
    found: list[Array] = []
    for name, layer in zip(model.names, model.layers, strict=True):
        own = model.part(params, name)
        if isinstance(layer, ri.Recurrent):
            found += layout.dump(layer.cell, own)
        else:
            found += [own[key] for key in layer.parameter_shapes]
    return found


def load(model: ri.Model, weights: Sequence[Array]) -> dict[str, Array]:
    """The inverse of `dump`, from the list that ``model.get_weights()`` gives."""
    found: dict[str, Array] = {}
    rest = list(weights)
    for name, layer in zip(model.names, model.layers, strict=True):
        if isinstance(layer, ri.Recurrent):
            count = 2 + layer.cell.use_bias
            own: Mapping[str, Array] = layout.load(layer.cell, rest[:count])
            del rest[:count]
        else:
            own = {key: rest.pop(0) for key in layer.parameter_shapes}
        found |= {f"{name}.{key}": value for key, value in own.items()}
    return found


def numbered(weights: Sequence[Array]) -> dict[str, Array]:
    """The list by name, ``w0``, ``w1`` and so on: what the jobs' programs take."""
    return {f"w{k}": array for k, array in enumerate(weights)}
