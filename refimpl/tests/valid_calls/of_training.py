"""Valid calls of losses, optimizers and training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import (
    Dense,
    Embedding,
    Model,
    SimpleRNN,
    clipping,
    losses,
    optimizers,
    training,
)
from ..bad_kinds import Freedom
from ..judged_calls import Call
from .shared import (
    ANY_NAMES,
    CLASSES,
    FEWER,
    FOUR,
    NONE,
    ONE_HOT,
    STEPS,
    Calls,
    named,
    numbers,
    of,
)


def losses_calls() -> Calls:
    kinds: dict[str, list[tuple[Any, Any, Any]]] = {
        "MeanSquaredError": [(losses.MeanSquaredError(), ONE_HOT, FOUR)],
        "BinaryCrossentropy": [
            (losses.BinaryCrossentropy(), ONE_HOT, FOUR),
            (losses.BinaryCrossentropy(manner="pytorch", reduction="sum"), ONE_HOT, FOUR.astype(np.float32)),
            (losses.BinaryCrossentropy(from_logits=True), ONE_HOT, numbers(3, 4)),
        ],
        "CategoricalCrossentropy": [
            (losses.CategoricalCrossentropy(), ONE_HOT, FOUR),
            (losses.CategoricalCrossentropy(True, "sum"), ONE_HOT, numbers(3, 4)),
        ],
        "SparseCategoricalCrossentropy": [
            (losses.SparseCategoricalCrossentropy(), CLASSES, FOUR),
            (losses.SparseCategoricalCrossentropy(True), CLASSES, numbers(3, 4)),
        ],
    }
    found: Calls = {}
    for name, cases in kinds.items():
        of_it = getattr(losses, name)
        last = {"output": Freedom(axes=(1,))} if name.startswith("Sparse") else {}
        given = {"reduction": "sum"} | ({} if name == "MeanSquaredError" else {"from_logits": True})
        found[f"losses.{name}"] = [of(of_it, **given, **({"manner": "keras"} if name.startswith("Binary") else {}))]
        for method in ("__call__", "gradient"):
            found[f"losses.{name}.{method}"] = [
                Call(getattr(of_it, method), {"self": loss, "target": target, "output": output}, last)
                for loss, target, output in cases
            ]
    return found


def steps_calls() -> Calls:
    shapes = {"kernel": (2, 3), "bias": (3,)}
    params, gradients = named(shapes), {name: value + 1 for name, value in named(shapes).items()}
    free = {"gradients": Freedom(axes=(0, 1), ranks=True)}
    found: Calls = {
        "clipping.Clip": [of(clipping.Clip, norm=1.5, per="all", manner="keras")],
        "clipping.Clip.__call__": [
            Call(clipping.Clip.__call__, {"self": clip, "gradients": gradients}, {**free, "gradients": ANY_NAMES})
            for clip in (clipping.Clip(0.5), clipping.Clip(0.5, "parameter", "pytorch"))
        ],
        "optimizers.OptimizerState": [
            Call(
                optimizers.OptimizerState,
                {"step": 3, "slots": {"momentum": params}},
                {"slots": Freedom(any=True, nan=True)},
            )
        ],
        "optimizers.SGD": [of(optimizers.SGD, learning_rate=0.5, momentum=0.75, nesterov=True, manner="pytorch")],
        "optimizers.RMSprop": [
            of(
                optimizers.RMSprop,
                learning_rate=0.5,
                rho=0.75,
                momentum=0.5,
                centered=True,
                epsilon=0.125,
                manner="keras",
            )
        ],
        "optimizers.Adam": [
            of(optimizers.Adam, learning_rate=0.5, beta_1=0.75, beta_2=0.5, epsilon=0.125, manner="keras-tensorflow")
        ],
    }
    single = {name: value.astype(np.float32) for name, value in params.items()}
    for optimizer in (optimizers.SGD(0.5, 0.75), optimizers.RMSprop(0.5, momentum=0.5), optimizers.Adam(0.5)):
        kind = type(optimizer)
        found[f"optimizers.{kind.__name__}.start"] = [
            Call(kind.start, {"self": optimizer, "params": params}, {"params": ANY_NAMES})
        ]
        found[f"optimizers.{kind.__name__}.update"] = [
            Call(
                kind.update,
                {
                    "self": optimizer,
                    "params": each,
                    "gradients": each,
                    "state": optimizer.start(each),
                    "squares": {"bias": each["bias"] ** 2},
                },
                {"squares": FEWER},
            )
            for each in (params, single)
        ]
    return found


def training_calls() -> Calls:
    sgd, adam, mse = optimizers.SGD(0.5, 0.5), optimizers.Adam(0.5), losses.MeanSquaredError()
    small = Model((SimpleRNN(2, 3), Dense(3, 1)))
    params = named(small.parameter_shapes, np.float32)
    x, target = numbers(4, 3, 2, dtype=np.float32), np.array([[1.0], [0.0], [0.0], [1.0]])
    sentiment = Model((Embedding(7, 2), SimpleRNN(2, 3), Dense(3, 1, "sigmoid")))
    words, theirs = np.array([[1, 2], [3, 6], [0, 4]]), named(sentiment.parameter_shapes)
    right = np.array([[1.0], [0.0], [1.0]])
    cross, clip = losses.BinaryCrossentropy(), clipping.Clip(0.5)
    one = {
        "model": small,
        "loss": mse,
        "optimizer": sgd,
        "params": params,
        "state": sgd.start(params),
        "x": x,
        "target": target,
        "clip": clip,
        "logits_shortcut": False,
    }
    other = {
        "model": sentiment,
        "loss": cross,
        "optimizer": adam,
        "params": theirs,
        "state": adam.start(theirs),
        "x": words,
        "target": right,
        "logits_shortcut": True,
    }
    start = training.Snapshot.fresh(params, sgd)
    fit = {
        "model": small,
        "loss": mse,
        "optimizer": sgd,
        "start": start,
        "x": x,
        "target": target,
        "epochs": 1,
        "batch_size": 3,
        "seed": 5,
        "validation": (x, target),
        "clip": clip,
        "logits_shortcut": False,
        "metric": training.binary_accuracy,
        "on_batch": _nothing,
        "on_epoch": _nothing,
    }
    evaluate = {
        "model": sentiment,
        "loss": cross,
        "params": theirs,
        "x": words,
        "target": right,
        "batch_size": 2,
        "metric": training.binary_accuracy,
    }
    done = training.fit(small, mse, sgd, start, x, target, epochs=2)
    free = {"epochs": Freedom(endless=True), "x": STEPS, "validation": STEPS}
    return {
        "training.step": [Call(training.step, one, free), Call(training.step, other, free)],
        "training.without_final_activation": [of(training.without_final_activation, model=sentiment, loss=cross)],
        "training.fit": [Call(training.fit, fit, free)],
        "training.evaluate": [Call(training.evaluate, evaluate, free)],
        "training.order": [Call(training.order, {"rows": 4, "seed": 3, "epoch": 2}, {"seed": NONE})],
        "accuracies.binary_accuracy": [of(training.binary_accuracy, target=ONE_HOT, output=FOUR)],
        "accuracies.categorical_accuracy": [
            of(training.categorical_accuracy, target=ONE_HOT, output=FOUR),
            Call(training.categorical_accuracy, {"target": CLASSES, "output": FOUR}, {"output": Freedom(axes=(1,))}),
        ],
        "snapshot.Snapshot": [
            Call(
                training.Snapshot,
                {"epoch": 2, "params": params, "state": done.state, "history": {"loss": (0.5, 0.25)}},
                {"params": Freedom(any=True, nan=True), "history": Freedom(any=True, nan=True)},
            )
        ],
        "snapshot.Snapshot.fresh": [
            Call(training.Snapshot.fresh, {"params": params, "optimizer": sgd}, {"params": ANY_NAMES})
        ],
        "snapshot.Snapshot.arrays": [of(training.Snapshot.arrays, self=done)],
        "snapshot.Snapshot.from_arrays": [
            Call(
                training.Snapshot.from_arrays,
                {"arrays": arrays, "model": small, "optimizer": sgd, "dtype": np.float32},
                {"arrays": Freedom(nan=True, fewer=fewer)},
            )
            for arrays, fewer in ((start.arrays(), False), (done.arrays(), True))  # histories may be left out
        ],
    }


def _nothing(_: Any) -> None:
    """What is told is not listened to."""
