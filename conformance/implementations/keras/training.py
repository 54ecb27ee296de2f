"""Trains a task in Keras: the oracle's names and layouts become the framework's, its record the oracle's."""

from __future__ import annotations

from typing import Any

import keras

from ...cases.training import Task, Trace
from .programs import training as program
from .sequential import dump, layers_of, load

MANNER = "keras-tensorflow" if keras.backend.backend() == "tensorflow" else "keras"
DTYPE = "float64" if keras.backend.backend() == "tensorflow" else "float32"
"""On PyTorch and JAX Keras 3 computes products and tanh in float32 whatever the dtype (`divergences/jax.toml`)."""

SLOTS = {"momentum": "momentum", "velocity": "velocity", "average": "average_gradient"}


def versions() -> dict[str, str]:
    """What is run."""
    return {"keras": keras.__version__, **program.backend.VERSION}


def train(task: Task, steps: int) -> Trace:
    """Trains the task in Keras."""
    train: Any = program.train
    losses, gradients, states = train(
        layers_of(task.model),
        dump(task.model, task.params),
        type(task.loss).__name__,
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
        [load(model, found) for found in gradients],
        [load(model, state["params"]) for state in states],
        [{slot: load(model, state[SLOTS[slot]]) for slot in task.optimizer.slot_names} for state in states],
    )


def _loss_options(loss: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"reduction": "sum" if loss.reduction == "sum" else "sum_over_batch_size"}
    return options | ({"from_logits": loss.from_logits} if hasattr(loss, "from_logits") else {})


def _optimizer_options(task: Task) -> dict[str, Any]:
    options = {name: value for name, value in vars(task.optimizer).items() if name != "manner" and value is not None}
    if task.clip is not None:
        options["global_clipnorm" if task.clip.per == "all" else "clipnorm"] = task.clip.norm
    return options
