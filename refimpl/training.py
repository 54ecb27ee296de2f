"""Training: one step, whole epochs, and what must be kept to go on where it stopped.

A step is ``loss``, its gradient back through the model, clipping, the optimizer's update: pure functions from
parameters and optimizer state to the next. `fit` makes the steps of whole epochs. The order of epoch ``e`` depends on
the seed and ``e`` alone, so a `Snapshot` taken after any epoch goes on bit for bit as if nothing had happened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import checks
from .accuracies import binary_accuracy as binary_accuracy  # a part of training: `ri.training.binary_accuracy`
from .accuracies import categorical_accuracy as categorical_accuracy
from .arrays import Array
from .errors import InvalidArgument
from .head import Dense
from .losses import Loss, MeanSquaredError
from .model import Model
from .optimizers import Clip, Optimizer, OptimizerState
from .parameters import Parameters
from .snapshot import OPTIMIZER
from .snapshot import Snapshot as Snapshot

Metric = Callable[[Array, Array], float]
"""A number between 0 and 1, a mean over rows, from target and output."""


@dataclass(frozen=True)
class Step:
    """One step: the loss, output and gradients (not clipped) at the parameters before it, and what it led to."""

    loss: Array
    output: Array
    gradients: Parameters
    params: Parameters
    state: OptimizerState


def step(
    model: Model,
    loss: Loss,
    optimizer: Optimizer,
    params: Mapping[str, Any],
    state: OptimizerState,
    x: Any,
    target: Any,
    clip: Clip | None = None,
    logits_shortcut: bool = False,
) -> Step:
    """One optimizer step on one batch.

    params            the model's parameters by name; their dtype is the working precision
    state             of the optimizer: `Optimizer.start` before the first step, then ``Step.state``
    x, target         as `Model.forward` and the loss take them
    clip              applied to the gradients before the optimizer gets them
    logits_shortcut   compute the loss from the logits behind a final sigmoid or softmax, as Keras does on TensorFlow
                      (`without_final_activation`); the output is that of the whole model all the same

    Raises `InvalidArgument` for what does not fit the model, the loss or the optimizer, and for clipping where an
    optimizer in the manner of keras-tensorflow squares an embedding's gradient by occurrence.
    """
    model, loss = _model_and_loss(model, loss)
    optimizer, clip = _optimizer_and_clip(optimizer, clip)
    logits_shortcut = checks.flag("logits_shortcut", logits_shortcut)
    inner, its_loss = without_final_activation(model, loss) if logits_shortcut else (model, loss)
    passed = inner.forward(params, x)
    value = its_loss(target, passed.output)
    by_occurrence = optimizer.manner == "keras-tensorflow"
    found = inner.backward(passed, its_loss.gradient(target, passed.output), squares=by_occurrence)
    if clip is not None and found.squares:
        raise InvalidArgument("clip", expected="None for an embedding in the manner of keras-tensorflow", got=clip)
    gradients = clip(found.params) if clip else found.params
    moved, after = optimizer.update(passed.params, gradients, state, found.squares)
    output = model.layers[-1].activated(passed.output) if logits_shortcut else passed.output
    return Step(value, output, found.params, moved, after)


def without_final_activation(model: Model, loss: Loss) -> tuple[Model, Loss]:
    """The model that ends with logits, and the loss from logits: the same function, but that nothing is clipped.

    Raises `InvalidArgument` unless the model ends with a Dense layer of sigmoid or softmax and the loss is a
    cross-entropy of probabilities.
    """
    model, loss = _model_and_loss(model, loss)
    last = model.layers[-1]
    if isinstance(loss, MeanSquaredError) or loss.from_logits:
        raise InvalidArgument("loss", expected="a cross-entropy of probabilities", got=repr(loss))
    if not isinstance(last, Dense) or last.activation not in ("sigmoid", "softmax"):
        raise InvalidArgument("model", expected="a Dense layer with sigmoid or softmax at its end", got=repr(last))
    logits = dataclasses.replace(last, activation="linear")
    return Model((*model.layers[:-1], logits)), dataclasses.replace(loss, from_logits=True)


@dataclass(frozen=True)
class Progress:
    """How far `fit` is: ``batch`` of ``batches`` are done in ``epoch`` of ``epochs``, both from 1; the mean loss."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float


def fit(
    model: Model,
    loss: Loss,
    optimizer: Optimizer,
    start: Snapshot,
    x: Array,
    target: Array,
    *,
    epochs: int,
    batch_size: int = 32,
    seed: int | None = None,
    validation: tuple[Array, Array] | None = None,
    clip: Clip | None = None,
    logits_shortcut: bool = False,
    metric: Metric | None = None,
    on_batch: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Snapshot], None] | None = None,
) -> Snapshot:
    """Trains until ``epochs`` epochs are done, those of ``start`` among them, and returns the last snapshot.

    x, target               as many rows each, in all else as `Model.forward` and the loss take them
    seed                    of the order of the rows, `order`; None: as they stand
    validation              ``(x, target)`` on which loss and metric are computed after every epoch, by `evaluate`
    clip, logits_shortcut   as in `step`
    metric                  is reported beside the loss, such as `binary_accuracy`
    on_batch                is called after every batch
    on_epoch                is called after every epoch, when all of its snapshot is computed

    The epoch's loss and metric are the means over its rows (of a loss that sums, the sum), each at the parameters
    before its batch's step, as Keras reports them. The last batch may be smaller than the others. Raises
    `InvalidArgument` for no rows, for rows without a target, for a ``batch_size`` that is no positive integer, for
    ``epochs`` or a seed below 0, and as `step` does.
    """
    model, loss = _model_and_loss(model, loss)
    optimizer, clip = _optimizer_and_clip(optimizer, clip)
    checks.instance("start", start, Snapshot, "a Snapshot")
    epochs, batch_size = checks.count("epochs", epochs), _batch_size(batch_size)
    seed = None if seed is None else checks.count("seed", seed)
    x, target, rows = _rows(model, start.params, x, target)
    if validation is not None:
        its_x, its_target = checks.sequence("validation", validation, "a pair (x, target)", 2)
        _rows(model, start.params, its_x, its_target, ("validation[0]", "validation[1]"))
    logits_shortcut = checks.flag("logits_shortcut", logits_shortcut)
    for name, function in (("metric", metric), ("on_batch", on_batch), ("on_epoch", on_epoch)):
        checks.function(name, function)
    batches = -(-rows // batch_size)
    now = start
    while now.epoch < epochs:
        params, state, history = now.params, now.state, {k: list(v) for k, v in now.history.items()}
        chosen = order(rows, seed, now.epoch)
        summed, reached = 0.0, 0.0
        for batch in range(batches):
            part = chosen[batch * batch_size : (batch + 1) * batch_size]
            done = step(model, loss, optimizer, params, state, x[part], target[part], clip, logits_shortcut)
            params, state = done.params, done.state
            summed += float(done.loss) * (len(part) if loss.reduction == "mean" else 1)
            if metric is not None:
                reached += metric(target[part], done.output) * len(part)
            seen = batch * batch_size + len(part) if loss.reduction == "mean" else 1
            if on_batch is not None:
                on_batch(Progress(now.epoch + 1, epochs, batch + 1, batches, summed / seen))
        history.setdefault("loss", []).append(summed / (rows if loss.reduction == "mean" else 1))
        if metric is not None:
            history.setdefault("metric", []).append(reached / rows)
        if validation is not None:
            found = evaluate(model, loss, params, *validation, max(batch_size, 128), metric)
            for name, value in zip(("val_loss", "val_metric"), found, strict=True):
                if value is not None:
                    history.setdefault(name, []).append(value)
        now = Snapshot(now.epoch + 1, params, state, {name: tuple(values) for name, values in history.items()})
        if on_epoch is not None:
            on_epoch(now)
    return now


def order(rows: int, seed: int | None, epoch: int) -> Array:
    """The rows in the order in which that epoch, from 0, takes them."""
    rows, epoch = checks.count("rows", rows), checks.count("epoch", epoch)
    checks.fits_in_memory("rows", (rows,))
    seed = None if seed is None else checks.count("seed", seed)
    return np.arange(rows) if seed is None else np.random.default_rng([seed, epoch]).permutation(rows)


def evaluate(
    model: Model,
    loss: Loss,
    params: Parameters,
    x: Array,
    target: Array,
    batch_size: int = 128,
    metric: Metric | None = None,
) -> tuple[float, float | None]:
    """The loss, and the metric where there is one, over all rows: means, or of a loss that sums, the sum.

    Raises `InvalidArgument` for no rows, for rows without a target, for a ``batch_size`` that is no positive integer,
    and for what does not fit the model or the loss.
    """
    model, loss = _model_and_loss(model, loss)
    x, target, rows = _rows(model, params, x, target)
    batch_size = _batch_size(batch_size)
    checks.function("metric", metric)
    summed, reached = 0.0, 0.0
    for at in range(0, rows, batch_size):
        part = slice(at, at + batch_size)
        output = model.forward(params, x[part]).output
        size = len(target[part])
        summed += float(loss(target[part], output)) * (size if loss.reduction == "mean" else 1)
        reached += 0.0 if metric is None else metric(target[part], output) * size
    whole = rows if loss.reduction == "mean" else 1
    return summed / whole, None if metric is None else reached / rows


def _model_and_loss(model: Any, loss: Any) -> tuple[Model, Loss]:
    return (
        checks.instance("model", model, Model, "a Model"),
        checks.instance("loss", loss, Loss, "a loss of `losses`"),
    )


def _optimizer_and_clip(optimizer: Any, clip: Any) -> tuple[Optimizer, Clip | None]:
    return (
        checks.instance("optimizer", optimizer, Optimizer, OPTIMIZER),
        checks.instance("clip", clip, Clip | None, "a Clip or None"),
    )


def _rows(
    model: Model, params: Any, x: Any, target: Any, names: tuple[str, str] = ("x", "target")
) -> tuple[Array, Array, int]:
    """The rows and their targets, all of them checked before the first is used, and how many there are."""
    try:
        x = model.checked_input(params, x)
    except InvalidArgument as refusal:
        which = names[0] if refusal.argument == "x" else refusal.argument
        raise InvalidArgument(which, expected=refusal.expected, got=refusal.got) from None
    target = checks.real_numbers(names[1], target)
    if not len(x) or target.ndim == 0 or len(x) != len(target):
        got = f"shape {target.shape}"
        raise InvalidArgument(names[1], expected=f"{len(x)} rows, as {names[0]} has, and at least one", got=got)
    return x, target, len(x)


def _batch_size(value: Any) -> int:
    return checks.count("batch_size", value, least=1, expected="a positive integer")
