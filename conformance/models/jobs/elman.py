"""Per-step outputs: an Elman network says at every step what comes next, and all its losses are summed.

The task is Elman's own, the exclusive-or through time: of every three bits the first two are random and the third is
their exclusive-or. What can be foreseen is each third bit; the losses of the others stay near ln 2.

The weights are one matrix on input and state side by side, ``h_t = tanh([x_t, h_(t-1)] W + b)``: its upper rows are a
SimpleRNN's kernel, its lower ones the recurrent kernel. `two_units.md` follows an example by hand.

Reference: J. L. Elman, Finding Structure in Time, Cognitive Science 14 (1990).
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

import refimpl as ri

from ...cases.training import Task, Trace
from ...common.arguments import count
from ...contract import Array, NotRun, Quantities
from ..training.single_steps import WorstError, check_each_step
from .frameworks import ask
from .resumable.trainer import Trainer, add_training_arguments

HELP = "an Elman network with softmax at every step, on exclusive-or through time, against PyTorch's own gradients"
CLASSES = 2
LOSS = ri.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
NAMES = ("weights", "bias", "output_weights", "output_bias")


@dataclass(frozen=True)
class Network:
    """An Elman network of so many inputs, units and classes."""

    inputs: int
    units: int
    classes: int
    activation: str = "tanh"

    @property
    def model(self) -> ri.Model:
        """The oracle's model of it: a SimpleRNN that returns every step, and a Dense layer of logits."""
        cell = ri.SimpleRNN(self.inputs, self.units, activation=self.activation)
        return ri.Model((ri.Recurrent(cell, return_sequences=True), ri.Dense(self.units, self.classes)))

    def parted(self, joined: Mapping[str, Array]) -> dict[str, Array]:
        """The model's parameters (or their gradients), from the one matrix and the rest."""
        kernel, recurrent_kernel = np.split(joined["weights"], [self.inputs])
        return {
            "simple_rnn.kernel": kernel,
            "simple_rnn.recurrent_kernel": recurrent_kernel,
            "simple_rnn.bias": joined["bias"],
            "dense.kernel": joined["output_weights"],
            "dense.bias": joined["output_bias"],
        }

    def joined(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """The inverse of `parted`."""
        return {
            "weights": np.concatenate([params["simple_rnn.kernel"], params["simple_rnn.recurrent_kernel"]]),
            "bias": params["simple_rnn.bias"],
            "output_weights": params["dense.kernel"],
            "output_bias": params["dense.bias"],
        }

    def loss_and_gradients(
        self, joined: Mapping[str, Array], x: Array, targets: Array
    ) -> tuple[float, dict[str, Array]]:
        """The sum of the losses of all steps and rows, and its gradients, by back-propagation through time.

        x         ``(batch, time, input)``
        targets   ``(batch, time)``, classes
        """
        model = self.model
        passed = model.forward(self.parted(joined), x)
        gradients = model.backward(passed, LOSS.gradient(targets, passed.output))
        return float(LOSS(targets, passed.output)), self.joined(gradients.params)

    def trajectory(
        self, joined: Mapping[str, Array], x: Array, targets: Array, learning_rate: float
    ) -> dict[str, Array]:
        """Plain gradient descent, a step a batch: every loss, every gradient, and the weights after each step."""
        kept: dict[str, list[Array]] = {name: [] for name in ("losses", *NAMES, *(f"d_{name}" for name in NAMES))}
        now = dict(joined)
        for one, its_targets in zip(x, targets, strict=True):
            loss, gradients = self.loss_and_gradients(now, one, its_targets)
            now = {name: now[name] - learning_rate * gradients[name] for name in NAMES}
            kept["losses"].append(np.array(loss))
            for name in NAMES:
                kept[name].append(now[name])
                kept[f"d_{name}"].append(gradients[name])
        return {name: np.stack(values) for name, values in kept.items()}


def exclusive_or(rng: np.random.Generator, rows: int, steps: int) -> tuple[Array, Array]:
    """Bits ``(rows, steps, 1)``, each third the exclusive-or of the two before it, and which bit comes next."""
    triples = rng.integers(0, 2, (rows, -(-(steps + 1) // 3), 3))
    triples[:, :, 2] = triples[:, :, 0] ^ triples[:, :, 1]
    bits = triples.reshape(rows, -1)[:, : steps + 1]
    return bits[:, :-1, None].astype(np.float64), bits[:, 1:]


def add_arguments(parser: ArgumentParser) -> None:
    """The size of the job."""
    parser.add_argument("--units", type=count, default=8, help="default: 8")
    parser.add_argument("--steps", type=count, default=30, help="of each sequence (default: 30)")
    parser.add_argument("--rows", type=count, default=512, help="sequences to train on (default: 512)")
    parser.add_argument("--epochs", type=count, default=60, help="default: 60")
    add_training_arguments(parser)


def run(parsed: Namespace, console: Console) -> int:
    """Trains, prints the loss by the place in the triple, and compares with PyTorch; 1 where they are apart."""
    trainer = Trainer.of("elman", parsed, console)
    network = Network(1, parsed.units, CLASSES)
    rng = np.random.default_rng(0)
    data, held_out = (exclusive_or(rng, rows, parsed.steps) for rows in (parsed.rows, 256))
    start = network.model.init(np.random.default_rng(1), np.float64, manner="pytorch")
    done = trainer.train(
        "exclusive or",
        {"steps": parsed.steps, "rows": parsed.rows, "start": 1, "seed": 0},
        network.model,
        LOSS,
        ri.optimizers.Adam(learning_rate=0.01),
        start,
        data,
        epochs=parsed.epochs,
        batch_size=32,
        seed=0,
    )
    table = Table(title=f"mean loss of a step after {parsed.epochs} epochs, by what comes next (ln 2 is 0.693)")
    for column in ("", "first bit", "second bit", "their exclusive-or"):
        table.add_column(column, justify="right" if column else "left")
    for name, params in (("fresh", start), ("trained", done.snapshot.params)):
        by_place = losses_by_place(network.model.predict(params, held_out[0]), held_out[1])
        table.add_row(name, *(f"{value:.3f}" for value in by_place))
    console.print(table)
    agrees = _follows(console, network, start, parsed)
    trainer.forget()
    return 0 if agrees else 1


def losses_by_place(logits: Array, targets: Array) -> tuple[float, ...]:
    """The mean loss where the first bit of a triple comes next, the second, and the third."""
    each = -np.take_along_axis(ri.head.log_softmax(logits), targets[:, :, None], axis=2)[:, :, 0]
    places = (np.arange(each.shape[1]) + 1) % 3
    return tuple(float(each[:, places == place].mean()) for place in range(3))


def _follows(console: Console, network: Network, start: Mapping[str, Array], parsed: Namespace) -> bool:
    """Fifty steps of plain gradient descent here and in PyTorch, and how far apart they are."""
    joined, rate = network.joined(start), 0.001
    batches = [exclusive_or(np.random.default_rng([2, k]), 16, parsed.steps) for k in range(50)]
    x, targets = np.stack([b[0] for b in batches]), np.stack([b[1] for b in batches])
    try:
        answer = ask(
            "torch",
            "elman",
            {**joined, "x": x, "targets": targets},
            {"activation": network.activation, "learning_rate": rate},
        )
    except NotRun as reason:
        console.print(f"torch: not run: {reason}", markup=False)
        return False
    worst = max(judged(network, joined, x, targets, rate, answer.arrays), key=lambda one: one.ratio)
    ours = network.trajectory(joined, x, targets, rate)
    table = Table(title=f"torch {answer.versions['torch']}, float64, {len(x)} steps of gradient descent")
    table.add_column("greatest relative difference")
    for column in ("losses", "gradients", "weights"):
        table.add_column(column, justify="right")
    for at, label in ((0, "first step"), (len(x) - 1, "last step")):
        apart = {name: relative(ours[name][at], answer.arrays[name][at]) for name in ours}
        gradients, weights = (max(apart[p + name] for name in NAMES) for p in ("d_", ""))
        table.add_row(label, f"{apart['losses']:.1e}", f"{gradients:.1e}", f"{weights:.1e}")
    console.print(table)
    console.print(f"every step judged by its rounding bound; the worst, {worst}", markup=False, highlight=False)
    return worst.ratio <= 1


def judged(
    network: Network, start: Mapping[str, Array], x: Array, targets: Array, learning_rate: float, theirs: Quantities
) -> list[WorstError]:
    """Each quantity's worst error over all steps, in units of the bound derived for its step."""
    optimizer = ri.optimizers.SGD(learning_rate, manner="pytorch")
    batches = tuple(zip(x, targets, strict=True))
    task = Task("elman", "pytorch", network.model, LOSS, optimizer, network.parted(start), batches)
    after = [network.parted({name: theirs[name][k] for name in NAMES}) for k in range(len(x))]
    gradients = [network.parted({name: theirs[f"d_{name}"][k] for name in NAMES}) for k in range(len(x))]
    trace = Trace(list(map(float, theirs["losses"])), gradients, [task.params, *after], [{}] * (len(x) + 1))
    return check_each_step(task, trace)


def relative(ours: Array, theirs: Array) -> float:
    """The greatest difference, relative to the greatest number."""
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())
