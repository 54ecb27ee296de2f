"""A task told to Keras, and what it recorded told back, in the oracle's names and layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

import refimpl as ri
from refimpl.layouts import keras as layout

from ..training.tasks import Task
from ..training.traces import Trace
from .programs import training_keras as program

Array = Any
MANNER = "keras-tensorflow" if keras.backend.backend() == "tensorflow" else "keras"
DTYPE = "float64" if keras.backend.backend() == "tensorflow" else "float32"
"""On PyTorch and JAX Keras 3 computes products and tanh in float32 whatever the dtype (`divergences/keras.toml`)."""

LOSSES = {
    "MeanSquaredError": "MeanSquaredError",
    "BinaryCrossentropy": "BinaryCrossentropy",
    "CategoricalCrossentropy": "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy": "SparseCategoricalCrossentropy",
}
SLOTS = {"momentum": "momentum", "velocity": "velocity", "average": "average_gradient"}


def versions() -> dict[str, str]:
    """What is run."""
    return {"keras": keras.__version__, **program.backend.VERSION}


def train(task: Task, steps: int) -> Trace:
    """Trains the task in Keras."""
    train: Any = program.train
    losses, gradients, states = train(
        [_layer(layer) for layer in task.model.layers],
        _dump(task.model, task.params),
        LOSSES[type(task.loss).__name__],
        _loss_options(task.loss),
        type(task.optimizer).__name__,
        _optimizer_options(task),
        task.batches,
        str(task.dtype),
        steps,
        [SLOTS[slot] for slot in task.optimizer.slot_names],
    )
    model = task.model
    return Trace(
        losses,
        [_load(model, found) for found in gradients],
        [_load(model, state["params"]) for state in states],
        [{slot: _load(model, state[SLOTS[slot]]) for slot in task.optimizer.slot_names} for state in states],
    )


def _layer(layer: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(layer, ri.Embedding):
        options: dict[str, Any] = {"input_dim": layer.vocabulary_size, "output_dim": layer.output_size}
        return "Embedding", options | {"mask_zero": layer.mask_zero}
    if isinstance(layer, ri.Dense):
        return "Dense", {"units": layer.output_size, "activation": layer.activation, "use_bias": layer.use_bias}
    cell = layer.cell
    options = {"units": cell.hidden_size, "use_bias": cell.use_bias, "return_sequences": layer.return_sequences}
    for name in ("activation", "recurrent_activation", "reset_after"):
        if hasattr(cell, name):
            options[name] = getattr(cell, name)
    return type(cell).__name__, options


def _loss_options(loss: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"reduction": "sum" if loss.reduction == "sum" else "sum_over_batch_size"}
    return options | ({"from_logits": loss.from_logits} if hasattr(loss, "from_logits") else {})


def _optimizer_options(task: Task) -> dict[str, Any]:
    options = {name: value for name, value in vars(task.optimizer).items() if name != "manner" and value is not None}
    if task.clip is not None:
        options["global_clipnorm" if task.clip.per == "all" else "clipnorm"] = task.clip.norm
    return options


def _dump(model: ri.Model, params: Mapping[str, Array]) -> list[Array]:
    """The model's weights, one list for all layers."""
    found: list[Array] = []
    for name, layer in zip(model.names, model.layers, strict=True):
        own = model.part(params, name)
        found += layout.dump(layer.cell, own) if isinstance(layer, ri.Recurrent) else own.values()
    return found


def _load(model: ri.Model, weights: Sequence[Array]) -> dict[str, Array]:
    """The inverse of `_dump`; gradients, slots and weights are alike."""
    found: dict[str, Array] = {}
    rest = list(weights)
    for name, layer in zip(model.names, model.layers, strict=True):
        if isinstance(layer, ri.Recurrent):
            own = layout.load(layer.cell, rest[: 2 + layer.cell.use_bias])
            del rest[: 2 + layer.cell.use_bias]
        else:
            own = {key: rest.pop(0) for key in layer.parameter_shapes}
        found |= {f"{name}.{key}": value for key, value in own.items()}
    return found
