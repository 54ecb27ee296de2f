"""What is trained for parity: small models that span the layers, losses and optimizers, each with its batches.

A task is built in the manner of a framework, since their cells, losses and optimizers differ: "keras" (one bias, its
optimizers' rules), "keras-tensorflow" (the same with what TensorFlow alone does, `refimpl.optimizers`) or "pytorch"
(two biases, layers in one module). Sizes are small so that the derived tolerance can
follow every parameter; all sizes differ from each other, and no two numbers of the data are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.optimizers import Clip, Optimizer

from ...cases.training import Task

Array = Any
MANNERS = ("keras", "keras-tensorflow", "pytorch")


def _cell(kind: str, manner: str, inputs: int, units: int) -> Any:
    if kind == "GRU":
        return ri.GRU(inputs, units)
    two = {"use_recurrent_bias": manner == "pytorch"}
    return {"SimpleRNN": ri.SimpleRNN, "LSTM": ri.LSTM}[kind](inputs, units, **two)


def _plain(manner: str) -> str:
    """The manner where TensorFlow does what Keras says."""
    return "pytorch" if manner == "pytorch" else "keras"


REGRESSION_X = np.array([[[1, 2], [2, 3], [3, 4]], [[5, 6], [6, 7], [7, 8]], [[9, 10], [10, 11], [11, 12]]], float)
REGRESSION_TARGET = np.array([[10.0], [20.0], [30.0]])
REGRESSION_KERNEL = np.array(
    [[-0.00466371, 0.53100157, 0.5298798, 0.05514288], [-0.08896947, 0.43185067, 0.7861788, -0.80616236]]
)
REGRESSION_RECURRENT_KERNEL = np.array(
    [
        [-0.10712242, -0.03620092, -0.02182053, -0.9933471],
        [-0.6549012, -0.02620655, 0.7532524, 0.05503315],
        [-0.01986913, 0.9989996, 0.02001702, -0.03470401],
        [-0.74781984, 0.00159313, -0.657065, 0.09502006],
    ]
)
"""The small regression and its published start; the Dense layer's was not published."""


def _regression(manner: str, optimizer: Optimizer) -> Task:
    model = ri.Model((_cell("SimpleRNN", manner, 2, 4), ri.Dense(4, 1)))
    params = model.init(np.random.default_rng(0))
    params |= {
        "simple_rnn.kernel": REGRESSION_KERNEL,
        "simple_rnn.recurrent_kernel": REGRESSION_RECURRENT_KERNEL,
    }
    loss = ri.losses.MeanSquaredError()
    return Task("regression", manner, model, loss, optimizer, params, ((REGRESSION_X, REGRESSION_TARGET),))


def regression(manner: str) -> Task:
    """The small regression: SimpleRNN, Dense, mean squared error, Adam."""
    return _regression(manner, ri.optimizers.Adam(0.01, manner=manner))


def _sentiment(kind: str) -> Callable[[str], Task]:
    """Embedding, a cell, one probability, binary cross-entropy, RMSprop; Keras's masks its padding."""

    def build(manner: str) -> Task:
        model = ri.Model(
            (ri.Embedding(9, 3, mask_zero=manner != "pytorch"), _cell(kind, manner, 3, 4), ri.Dense(4, 1, "sigmoid"))
        )
        rng = np.random.default_rng(1)
        batches = []
        for _ in range(3):
            words = [rng.integers(1, 9, length) for length in (6, 4, 2, 5, 1)]
            x = ri.preprocessing.pad_sequences([list(map(int, row)) for row in words])
            batches.append((x, rng.integers(0, 2, (5, 1)).astype(float)))
        loss = ri.losses.BinaryCrossentropy(manner=_plain(manner))
        optimizer = ri.optimizers.RMSprop(manner=manner)
        return Task(f"sentiment-{kind}", manner, model, loss, optimizer, _start(model, manner, 2), tuple(batches))

    return build


def classification(manner: str) -> Task:
    """Two layers, the last step's output, three classes, cross-entropy from logits, Adam."""
    if manner == "pytorch":
        first, second = (ri.SimpleRNN(size, 4, use_recurrent_bias=True) for size in (2, 4))
        layers: tuple[Any, ...] = (ri.Stack((ri.Layer(first), ri.Layer(second))),)
    else:
        layers = (ri.Recurrent(ri.SimpleRNN(2, 4), return_sequences=True), ri.SimpleRNN(4, 4))
    model = ri.Model((*layers, ri.Dense(4, 3)))
    rng = np.random.default_rng(3)
    batches = tuple((rng.uniform(-1, 1, (5, 6, 2)), rng.integers(0, 3, 5)) for _ in range(3))
    loss = ri.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = ri.optimizers.Adam(0.01, manner=manner)
    return Task("classification", manner, model, loss, optimizer, _start(model, manner, 4), batches)


def per_step(manner: str) -> Task:
    """Elman's network: a class at every step, the losses of all steps summed, plain gradient descent."""
    layer = ri.Recurrent(_cell("SimpleRNN", manner, 3, 4), return_sequences=True)
    model = ri.Model((layer, ri.Dense(4, 3)))
    rng = np.random.default_rng(5)
    batches = tuple((rng.uniform(-1, 1, (2, 5, 3)), rng.integers(0, 3, (2, 5))) for _ in range(2))
    loss = ri.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    return Task("per-step", manner, model, loss, ri.optimizers.SGD(0.05), _start(model, manner, 6), batches)


def softmax(manner: str) -> Task:
    """Probabilities from a softmax, one-hot targets, Keras's clipped cross-entropy; Nesterov's momentum."""
    model = ri.Model((_cell("GRU", manner, 2, 3), ri.Dense(3, 4, "softmax" if manner != "pytorch" else "linear")))
    rng = np.random.default_rng(7)
    batches = tuple((rng.uniform(-1, 1, (5, 4, 2)), np.eye(4)[rng.integers(0, 4, 5)]) for _ in range(2))
    loss = ri.losses.CategoricalCrossentropy(from_logits=manner == "pytorch")
    optimizer = ri.optimizers.SGD(0.05, momentum=0.75, nesterov=True, manner=manner)
    return Task("softmax", manner, model, loss, optimizer, _start(model, manner, 8), batches)


def clipped(manner: str) -> Task:
    """An LSTM on the regression's rows, gradients clipped by their norm, SGD with momentum."""
    model = ri.Model((_cell("LSTM", manner, 2, 3), ri.Dense(3, 1)))
    batches = ((REGRESSION_X, REGRESSION_TARGET),)
    optimizer = ri.optimizers.SGD(0.01, momentum=0.9, manner=manner)
    clip = Clip(1.0, manner=_plain(manner))
    loss = ri.losses.MeanSquaredError()
    return Task("clipped", manner, model, loss, optimizer, _start(model, manner, 9), batches, clip)


def centered(manner: str) -> Task:
    """The small regression with RMSprop, centered and with momentum."""
    optimizer = ri.optimizers.RMSprop(0.001, momentum=0.5, centered=True, epsilon=1e-3, manner=manner)
    task = _regression(manner, optimizer)
    return Task("centered", manner, task.model, task.loss, optimizer, task.params, task.batches)


def _start(model: ri.Model, manner: str, seed: int) -> Mapping[str, Array]:
    """As the framework starts it, but that biases are no zeros and embeddings no smaller than weights."""
    rng = np.random.default_rng(seed)
    found = model.init(rng, manner=_plain(manner))
    for name, value in found.items():
        if name.endswith("bias") or name.endswith("embeddings"):
            found[name] = value + rng.uniform(-0.5, 0.5, value.shape)
    return found


TASKS: Mapping[str, Callable[[str], Task]] = {
    "regression": regression,
    **{f"sentiment-{kind}": _sentiment(kind) for kind in ("SimpleRNN", "LSTM", "GRU")},
    "classification": classification,
    "per-step": per_step,
    "softmax": softmax,
    "clipped": clipped,
    "centered": centered,
}
"""Task's name to what builds it in a manner."""
