"""The small regression: three sequences, three targets, SimpleRNN(4) and Dense(1), 2000 epochs of Adam.

The start of the recurrent layer, the loss at the end and the predictions were published with the example; the Dense
layer's start was not, so ten are drawn as Keras draws it (Glorot uniform), and the published end must lie within the
range in which they end.
"""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import refimpl as ri
from refimpl.training import Snapshot

from ...cases.training import Task
from ...common.arguments import count
from ...contract import Array, NotRun
from ...implementations.keras.sequential import dump, layers_of, load, numbered
from ..training.parity import check_parity
from ..training.tasks import REGRESSION_KERNEL, REGRESSION_RECURRENT_KERNEL, REGRESSION_TARGET, REGRESSION_X
from ..training.tracing import framework_traces, oracle_trace
from .frameworks import ask, frameworks_with
from .resumable.progress import progress_bar
from .resumable.trainer import Trainer, add_training_arguments

HELP = "three sequences, SimpleRNN(4) and Dense(1), 2000 epochs of Adam: a published result, and Keras step by step"
MODEL = ri.Model((ri.SimpleRNN(2, 4), ri.Dense(4, 1)))
LOSS = ri.losses.MeanSquaredError()
ADAM = ri.optimizers.Adam(learning_rate=0.01)
EPOCHS = 2000
PARITY_STEPS = 50
PUBLISHED_LOSS = 0.0070
PUBLISHED = (10.000422, 19.999924, 29.85534)
_STEPS = (1, 10, 50, 200, 500, 1000, EPOCHS)


def start(draw: int) -> dict[str, Array]:
    """The published start of the SimpleRNN, and one Glorot draw of the Dense layer."""
    return {
        "simple_rnn.kernel": REGRESSION_KERNEL,
        "simple_rnn.recurrent_kernel": REGRESSION_RECURRENT_KERNEL,
        "simple_rnn.bias": np.zeros(4),
        "dense.kernel": ri.initializers.glorot_uniform(np.random.default_rng(draw), (4, 1), np.float64),
        "dense.bias": np.zeros(1),
    }


def add_arguments(parser: ArgumentParser) -> None:
    """How long, how many draws, against which backends."""
    parser.add_argument("--epochs", type=count, default=EPOCHS, help=f"default: {EPOCHS}")
    parser.add_argument("--draws", type=count, default=10, help="starts of the Dense layer (default: 10)")
    parser.add_argument(
        "--framework",
        action="append",
        choices=frameworks_with("train_each"),
        help="default: keras-tensorflow; may be repeated",
    )
    parser.add_argument("--followed", type=count, default=3, help="draws that Keras follows step by step (default: 3)")
    add_training_arguments(parser)


def run(parsed: Namespace, console: Console) -> int:
    """Trains from every draw; 1 where the published end is not in the range or no Keras follows it step by step."""
    trainer = Trainer.of("regression", parsed, console)
    ends: list[Snapshot] = []
    for draw in range(parsed.draws):
        done = trainer.train(
            f"draw {draw}",
            {"draw": draw},
            MODEL,
            LOSS,
            ADAM,
            start(draw),
            (REGRESSION_X, REGRESSION_TARGET),
            epochs=parsed.epochs,
            batch_size=3,
        )
        ends.append(done.snapshot)
    losses = np.array([float(LOSS(REGRESSION_TARGET, MODEL.predict(end.params, REGRESSION_X))) for end in ends])
    predictions = np.array([MODEL.predict(end.params, REGRESSION_X)[:, 0] for end in ends])
    table = Table(title=f"{parsed.draws} starts of the Dense layer, {parsed.epochs} epochs")
    for column in ("", "loss", "for 10", "for 20", "for 30"):
        table.add_column(column, justify="right" if column else "left")
    for name, pick in (("least", np.min), ("greatest", np.max)):
        table.add_row(name, f"{pick(losses):.4f}", *(f"{value:.6f}" for value in pick(predictions, axis=0)))
    table.add_row("published", f"{PUBLISHED_LOSS:.4f}", *(f"{value:.6f}" for value in PUBLISHED))
    console.print(table)
    reached = bool(losses.min() <= PUBLISHED_LOSS <= losses.max()) or parsed.epochs != EPOCHS
    if parsed.epochs == EPOCHS:
        console.print(f"the published loss is {'' if reached else 'not '}within the range", highlight=False)
    followed = [_followed(console, name, parsed) for name in parsed.framework or ("keras-tensorflow",)]
    trainer.forget()
    return 0 if any(followed) and reached else 1


def trajectory(draw: int, epochs: int, framework: str) -> dict[str, Array]:
    """Every parameter after every step, ``(epochs, …)``, and the losses before it, by that framework's rule."""
    # Keras on TensorFlow rounds Adam's decays to float32 even in float64, which is 7e-6 of the first step
    adam = dataclasses.replace(ADAM, manner="keras-tensorflow") if framework == "keras-tensorflow" else ADAM
    task = Task("regression", adam.manner, MODEL, LOSS, adam, start(draw), ((REGRESSION_X, REGRESSION_TARGET),))
    trace = oracle_trace(task, epochs)
    after = {name: np.stack([params[name] for params in trace.params[1:]]) for name in task.params}
    return {"loss": np.array(trace.losses), **after}


def _followed(console: Console, framework: str, parsed: Namespace) -> bool:
    """Compares with Keras after every step, and prints how far apart they are."""
    options = _options(parsed.epochs, parsed.followed)
    arrays: dict[str, Array] = {"x": REGRESSION_X, "y": REGRESSION_TARGET}
    for draw in range(parsed.followed):
        arrays |= {f"{draw}.{name}": value for name, value in numbered(dump(MODEL, start(draw))).items()}
    try:
        with progress_bar(console, framework, parsed.epochs * parsed.followed, unit="steps") as bar:
            answer = ask(framework, "train_each", arrays, options, bar.on_event)
    except NotRun as reason:
        console.print(f"{framework}: not run: {reason}", markup=False)
        return False
    apart = np.array([distances(draw, parsed.epochs, framework, answer.arrays) for draw in range(parsed.followed)])
    shown = [step for step in _STEPS if step < parsed.epochs] + [parsed.epochs]
    table = Table(title=f"{framework} ({', '.join(f'{k} {v}' for k, v in answer.versions.items())}), float64")
    table.add_column("greatest difference of any parameter after")
    for step in shown:
        table.add_column(f"{step}", justify="right")
    table.add_row("worst draw", *(f"{apart[:, step - 1].max():.1e}" for step in shown))
    table.add_row("median draw", *(f"{np.median(apart[:, step - 1]):.1e}" for step in shown))
    console.print(table)
    parity = check_parity(
        framework, framework_traces(framework, ["regression"], PARITY_STEPS), "regression", PARITY_STEPS
    )
    each, path = parity.nearest.ratio, max(parity.trajectory.ratio)
    console.print(
        f"{framework}: the first {PARITY_STEPS} steps, in units of the derived tolerance: {each:.2g} each step by "
        f"itself, {path:.2g} the whole path ({parity.trajectory.claimed_steps()} steps)",
        highlight=False,
        soft_wrap=True,
    )
    return parity.holds


def distances(draw: int, epochs: int, framework: str, theirs: Mapping[str, Array]) -> Array:
    """After each step, the greatest difference of any parameter, relative to the greatest number of its array."""
    ours = trajectory(draw, epochs, framework)
    weights = [theirs[f"{draw}.steps.w{k}"] for k in range(5)]
    found = np.zeros(epochs)
    for name, array in from_keras_steps(weights).items():
        axes = tuple(range(1, array.ndim))
        scale = np.abs(ours[name]).max(axis=axes)
        off = np.abs(array - ours[name]).max(axis=axes)
        found = np.maximum(found, np.divide(off, scale, out=np.zeros(epochs), where=scale > 0))
    return found


def from_keras_steps(weights: list[Array]) -> dict[str, Array]:
    """A step an entry of the first axis; for a SimpleRNN and Dense both layouts are the same but for the names."""
    return dict(zip(load(MODEL, [w[0] for w in weights]), weights, strict=True))


def _options(epochs: int, runs: int) -> dict[str, Any]:
    return {
        "layers": layers_of(MODEL),
        "optimizer": "Adam",
        "optimizer_options": {"learning_rate": ADAM.learning_rate},
        "loss": "mean_squared_error",
        "dtype": "float64",
        "steps": epochs,
        "runs": runs,
    }
