"""Why gates exist: how much of the state after a step is left in the last one.

A row of zeros and noise begins with one number, 1 or -1, and the question after the last step is which it was. What a
cell learns from is ∂h_T/∂h_t: where its norm vanishes, no gradient gets from the question to the answer. A SimpleRNN
multiplies by ``φ' Uᵀ`` in every step. An LSTM carries ``c_t = f ⊙ c_(t-1) + …`` past all of that: where the forget gate
is open, ∂c_T/∂c_t stays near 1 (S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, 1997).
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import refimpl as ri

from ...common.arguments import count, figure_file
from ...common.atomic import write_figure
from ...contract import Array, NotRun, Quantities
from ...implementations.finding import load, offered
from .frameworks import ask
from .jacobians import as_case, jacobians, norms, spans_as_case
from .resumable.trainer import Trainer, add_training_arguments

HELP = "the norm of dh_T/dh_t against T-t for the three cells, fresh and trained, against the frameworks' autograd"
KINDS = ("SimpleRNN", "LSTM", "GRU")
FEATURES = 2
FRAMEWORKS = tuple(offered("jobs"))
_SHOWN = (1, 10, 25)


@dataclass(frozen=True)
class Curve:
    """The norms of one cell's Jacobian products against ``T - t``, the median over some sequences."""

    kind: str
    weights: str
    state: str
    norms: Array


def add_arguments(parser: ArgumentParser) -> None:
    """The size of the job."""
    parser.add_argument("--steps", type=count, default=50, help="of each sequence (default: 50)")
    parser.add_argument("--hidden", type=count, default=16, help="units of each cell (default: 16)")
    parser.add_argument("--epochs", type=count, default=20, help="of training, 32 batches of 64 each (default: 20)")
    parser.add_argument("--rows", type=count, default=2048, help="sequences to train on (default: 2048)")
    parser.add_argument("--plot", type=figure_file, metavar="FILE", help="draw the norms too; needs matplotlib")
    add_training_arguments(parser)


def sequences(rng: np.random.Generator, rows: int, steps: int) -> tuple[Array, Array]:
    """``(rows, steps, 2)``: a number that is 1 or -1 in the first step and 0 after it, and noise; and which it was."""
    x = np.zeros((rows, steps, FEATURES))
    first = rng.integers(0, 2, rows)
    x[:, 0, 0] = 2 * first - 1
    x[:, :, 1] = rng.uniform(-1, 1, (rows, steps))
    return x, first[:, None].astype(np.float64)


def model_of(kind: str, hidden: int) -> ri.Model:
    """The cell and one unit that answers."""
    return ri.Model((getattr(ri, kind)(FEATURES, hidden), ri.Dense(hidden, 1, "sigmoid")))


def run(parsed: Namespace, console: Console) -> int:
    """Trains the three cells, prints norms and the frameworks' verdicts; 1 where one disagrees or none was there."""
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the training, not after
    trainer = Trainer.of("gates", parsed, console)
    rng = np.random.default_rng(0)
    data, held_out = (sequences(rng, rows, parsed.steps) for rows in (parsed.rows, 512))
    table = Table(title=f"norm of the Jacobian products, {parsed.steps} steps, {parsed.hidden} units")
    lags = [*(lag for lag in _SHOWN if lag < parsed.steps), parsed.steps]
    for column in ("cell", "weights", "accuracy", "product", *(f"T-t = {lag}" for lag in lags)):
        table.add_column(column, justify="left" if column in ("cell", "weights", "product") else "right")
    curves: list[Curve] = []
    questions: dict[str, Array] = {}
    for kind in KINDS:
        model = model_of(kind, parsed.hidden)
        fresh = model.init(np.random.default_rng(1), np.float64, manner="keras")
        trained = trainer.train(
            kind,
            {"steps": parsed.steps, "rows": parsed.rows, "seed": 0},
            model,
            ri.losses.BinaryCrossentropy(),
            ri.optimizers.Adam(learning_rate=0.005),
            fresh,
            data,
            epochs=parsed.epochs,
            batch_size=64,
            clip=ri.optimizers.Clip(1.0),
        ).snapshot
        for weights, params in (("fresh", fresh), ("trained", trained.params)):
            accuracy = ri.training.binary_accuracy(held_out[1], model.predict(params, held_out[0]))
            part = model.part(params, model.names[0])
            its = curves_of(kind, weights, model.layers[0].cell, part, held_out[0][:8])
            for curve in its:
                shown = (f"{curve.norms[lag]:.2g}" for lag in lags)
                product = f"∂{curve.state}_T/∂{curve.state}_t"
                table.add_row(kind, weights, f"{100 * float(accuracy):.1f} %", product, *shown)
            curves += its
            questions |= {f"{kind}.{weights}.{name}": value for name, value in part.items()}
    console.print(table)
    if parsed.plot:
        plot(curves, parsed.plot)
    questions["x"] = held_out[0][0]
    agree = _checked(console, questions, {"hidden": parsed.hidden})
    trainer.forget()
    return 0 if agree else 1


def curves_of(kind: str, weights: str, cell: Any, params: Quantities, x: Array) -> list[Curve]:
    """A curve for each part of the cell's state, the median over the sequences in ``x``."""
    each = [norms(jacobians(cell, params, one), cell) for one in x]
    return [Curve(kind, weights, name, np.median([one[name] for one in each], axis=0)) for name in each[0]]


def check(arrays: Quantities, options: Mapping[str, Any], tell: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """The frameworks' side: the Jacobian of every two steps, and the product over all, by automatic differentiation.

    Each of the first is judged by the bound derived for it; over many steps that bound grows past all use, so that the
    product is compared by the norm of the difference.
    """
    from ...cases.asking import observe
    from ...judging.divergences import Disagreement, run_and_judge  # in the framework's own process

    implementation, x, found = load(options["framework"]), arrays["x"], []
    for kind in KINDS:
        for weights in ("fresh", "trained"):
            start = f"{kind}.{weights}."
            params = {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
            cell = _cell_for(options["framework"], kind, options["hidden"])
            if cell.use_recurrent_bias and "recurrent_bias" not in params:
                params["recurrent_bias"] = np.zeros_like(params["bias"])
            one: dict[str, Any] = {
                "cell": kind,
                "weights": weights,
                "numbers": 0,
                "ratio": 0.0,
                "difference": None,
                "wrong": "",
            }
            found.append(one)
            try:
                verdict, known = run_and_judge(implementation, spans_as_case(cell, params, x))
                one["numbers"], one["known"] = verdict.numbers, list(known)
                one["ratio"] = max((c.ratio for c in verdict.comparisons), default=0.0)
                one["wrong"] = "; ".join(map(str, verdict.disagreements[:2]))
                if verdict.numbers:
                    values = observe(implementation, as_case(cell, params, x, 0)).values
                    theirs = np.concatenate([values[f"d_initial_state.{n}"] for n in cell.state_names], axis=1)
                    ours = jacobians(cell, params, x)[0]
                    off = np.linalg.norm(theirs - ours, ord=2) / np.linalg.norm(ours, ord=2)
                    one["difference"] = float(off)
            except Disagreement as error:
                one["wrong"] = str(error)
    return {}, {"found": found}


def _cell_for(framework: str, kind: str, hidden: int) -> Any:
    """The cell with the biases that the framework has."""
    if framework.startswith("torch"):
        return getattr(ri, kind)(FEATURES, hidden, use_recurrent_bias=True)
    return getattr(ri, kind)(FEATURES, hidden)


def _checked(console: Console, questions: Quantities, options: Mapping[str, Any]) -> bool:
    table = Table(title="the frameworks' autograd")
    for column in ("framework", "cell", "weights", "numbers", "worst, in bounds", "whole product, relative", "known"):
        table.add_column(column, justify="left" if column in ("framework", "cell", "weights", "known") else "right")
    compared = wrong = 0
    for framework in FRAMEWORKS:
        try:
            answer = ask(framework, f"{__name__}:check", questions, {**options, "framework": framework})
        except NotRun as reason:
            console.print(f"{framework}: not run: {reason}", markup=False)
            continue
        for one in answer.report["found"]:
            compared += one["numbers"]
            wrong += bool(one["wrong"])
            if one["wrong"]:
                console.print(f"{framework}: {one['cell']}, {one['weights']}: {one['wrong']}", markup=False)
            off = "–" if one["difference"] is None else f"{one['difference']:.1e}"
            known = ", ".join(one.get("known", ()))
            table.add_row(
                framework, one["cell"], one["weights"], f"{one['numbers']:,}", f"{one['ratio']:.2g}", off, known
            )
    console.print(table)
    return compared > 0 and not wrong


def plot(curves: list[Curve], path: Path) -> None:
    """A picture: fresh weights left, trained right, a line for each part of each cell's state. Needs matplotlib."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    lines = list(dict.fromkeys((curve.kind, curve.state) for curve in curves))
    for axes, weights in zip(figure.subplots(1, 2, sharey=True), ("fresh", "trained"), strict=True):
        for curve in (curve for curve in curves if curve.weights == weights):
            colour = f"C{lines.index((curve.kind, curve.state))}"
            label = f"{curve.kind}: ∂{curve.state}_T / ∂{curve.state}_t"
            axes.plot(curve.norms, color=colour, label=label, linestyle="-" if curve.state == "h" else "--")
        axes.set(yscale="log", xlabel="T - t", title=f"{weights} weights")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("spectral norm, median over 8 sequences")
    figure.axes[0].legend()
    write_figure(path, figure, dpi=120)
