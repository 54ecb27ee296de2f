"""Trains a task in PyTorch: the oracle's names and layouts become the framework's, its record the oracle's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

import refimpl as ri
from refimpl.layouts import pytorch as layout

from ...cases.training import Task, Trace
from .programs import training as program

Array = Any
MANNER = "pytorch"
DTYPE = "float64"
MODULES = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
SLOTS = {
    "SGD": {"momentum": "momentum_buffer"},
    "RMSprop": {"velocity": "square_avg", "average": "grad_avg", "momentum": "momentum_buffer"},
    "Adam": {"momentum": "exp_avg", "velocity": "exp_avg_sq"},
}


def versions() -> dict[str, str]:
    """What is run."""
    return {"torch": str(torch.__version__)}


def train(task: Task, steps: int) -> Trace:
    """Trains the task in PyTorch."""
    kind, names = type(task.optimizer).__name__, task.optimizer.slot_names
    train: Any = program.train
    losses, gradients, states = train(
        [_layer(layer) for layer in task.model.layers],
        _dump(task.model, task.params),
        _loss(task.loss),
        {"reduction": task.loss.reduction},
        kind,
        _optimizer_options(task),
        None if task.clip is None else task.clip.norm,
        task.batches,
        steps,
        [SLOTS[kind][slot] for slot in names],
    )
    model = task.model
    return Trace(
        losses,
        [_load(model, found) for found in gradients],
        [_load(model, state["params"]) for state in states],
        [{slot: _load(model, state[SLOTS[kind][slot]]) for slot in names} for state in states],
    )


def _layer(layer: Any) -> tuple[str, dict[str, Any], str]:
    if isinstance(layer, ri.Embedding):
        return "Embedding", {"num_embeddings": layer.vocabulary_size, "embedding_dim": layer.output_size}, ""
    if isinstance(layer, ri.Dense):
        options = {"in_features": layer.input_size, "out_features": layer.output_size, "bias": layer.use_bias}
        return "Linear", options, "" if layer.activation == "linear" else layer.activation
    cells: list[Any] = [layer.cell]
    if isinstance(layer.cell, ri.Stack):
        cells = [each.forward for each in layer.cell.layers]
    options = {"input_size": cells[0].input_size, "hidden_size": cells[0].hidden_size, "num_layers": len(cells)}
    options |= {"bias": cells[0].use_bias, "batch_first": True}
    return MODULES[type(cells[0]).__name__], options, "every step" if layer.return_sequences else "last step"


def _loss(loss: Any) -> str:
    if isinstance(loss, ri.losses.MeanSquaredError):
        return "MSELoss"
    if isinstance(loss, ri.losses.BinaryCrossentropy):
        return "BCEWithLogitsLoss" if loss.from_logits else "BCELoss"
    if not loss.from_logits:
        raise NotImplementedError("PyTorch has no cross-entropy of probabilities")
    return "CrossEntropyLoss"


def _optimizer_options(task: Task) -> dict[str, Any]:
    own = vars(task.optimizer)
    names = {"learning_rate": "lr", "momentum": "momentum", "nesterov": "nesterov", "rho": "alpha", "epsilon": "eps"}
    options = {names[key]: own[key] for key in names if own.get(key) is not None}
    if "centered" in own:
        options["centered"] = own["centered"]
    return options | ({"betas": (own["beta_1"], own["beta_2"])} if "beta_1" in own else {})


def _dump(model: ri.Model, params: Mapping[str, Array]) -> dict[str, Array]:
    """The model's tensors by name."""
    found: dict[str, Array] = {}
    for k, (name, layer) in enumerate(zip(model.names, model.layers, strict=True)):
        own = model.part(params, name)
        if isinstance(layer, ri.Embedding):
            named = {"weight": own["embeddings"]}
        elif isinstance(layer, ri.Dense):
            named = {"weight": own["kernel"].T} | ({"bias": own["bias"]} if layer.use_bias else {})
        else:
            named = layout.dump(layer.cell, own)
        found |= {f"layers.{k}.{key}": value for key, value in named.items()}
    return found


def _load(model: ri.Model, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The inverse of `_dump`; gradients, slots and weights are alike."""
    found: dict[str, Array] = {}
    for k, (name, layer) in enumerate(zip(model.names, model.layers, strict=True)):
        its = {key.removeprefix(f"layers.{k}."): v for key, v in tensors.items() if key.startswith(f"layers.{k}.")}
        if isinstance(layer, ri.Embedding):
            own = {"embeddings": its["weight"]}
        elif isinstance(layer, ri.Dense):
            own = {"kernel": its["weight"].T} | ({"bias": its["bias"]} if layer.use_bias else {})
        else:
            own = layout.load(layer.cell, its)
        found |= {f"{name}.{key}": value for key, value in own.items()}
    return found
