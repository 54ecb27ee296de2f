"""Sentiment of film reviews: Embedding(10000, 32), a cell of 32 units, one probability, in the oracle and in Keras.

Both train in float32 from the same weights on the same batches of 128 sequences of 250 words, by RMSprop and binary
cross-entropy, and are validated after each of five epochs. The padding stands before the words, and is masked.

Without the mask a SimpleRNN reads some 230 steps of padding before the first word, which makes of it a chaotic system:
two runs that differ by a rounding come apart within the first epochs in any framework.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import refimpl as ri

from ...common.arguments import count, figure_file
from ...common.atomic import write_figure
from ...contract import Array, NotRun
from ...implementations.keras.sequential import dump, layers_of, numbered
from .data.rated_sentences import FILE, SHA256
from .data.reviews import Split, from_imdb, from_ratings
from .frameworks import Answer, ask, frameworks_with
from .resumable.progress import progress_bar
from .resumable.trainer import Trained, Trainer, add_training_arguments

HELP = "film reviews through Embedding, each cell and a sigmoid, five epochs, against Keras from the same start"
KINDS = ("SimpleRNN", "LSTM", "GRU")
FEATURES = HIDDEN = 32
_TOLERATED_POINTS = 1.0  # percentage points of validation accuracy


@dataclass(frozen=True)
class Side:
    """How a training went: loss and accuracy on training and validation rows, and seconds, one number an epoch."""

    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    seconds: tuple[float, ...]


def add_arguments(parser: ArgumentParser) -> None:
    """The data, the size of the job, and whom it is compared with."""
    parser.add_argument("--cell", action="append", choices=KINDS, help="default: all three; may be repeated")
    parser.add_argument("--epochs", type=count, default=5, help="default: 5")
    parser.add_argument("--batch-size", type=count, default=128, help="default: 128")
    parser.add_argument("--length", type=count, default=250, help="of every sequence, padded or cut (default: 250)")
    parser.add_argument("--words", type=count, default=10_000, help="numbers in the vocabulary (default: 10000)")
    parser.add_argument(
        "--no-mask", dest="mask", action="store_false", help="let the cells read the padding too, as many examples do"
    )
    parser.add_argument("--limit", type=count, help="of reviews, for a small version (default: all)")
    parser.add_argument(
        "--framework", choices=frameworks_with("train"), default="keras-tensorflow", help="default: keras-tensorflow"
    )
    parser.add_argument("--archive", type=Path, metavar="FILE", help=f"{FILE}, instead of fetching it with pip")
    parser.add_argument("--imdb", type=Path, metavar="FILE", help="Keras's imdb.npz, instead of the rated sentences")
    parser.add_argument(
        "--unpickle",
        action="store_true",
        help="allow --imdb: this format holds pickles, and unpickling may run whatever the file's maker wrote into it",
    )
    parser.add_argument("--plot", type=figure_file, metavar="FILE", help="draw the curves too; needs matplotlib")
    add_training_arguments(parser)


def model_of(kind: str, words: int, mask: bool = True) -> ri.Model:
    """Embedding, the cell, one probability."""
    cell = getattr(ri, kind)(FEATURES, HIDDEN)
    return ri.Model((ri.Embedding(words, FEATURES, mask_zero=mask), cell, ri.Dense(HIDDEN, 1, "sigmoid")))


def run(parsed: Namespace, console: Console) -> int:
    """Trains each cell on both sides; 1 where the accuracies are too far apart, or Keras was not there."""
    if parsed.plot:
        import matplotlib  # noqa: F401  # said to be missing before the minutes of training, not after
    if parsed.imdb:
        split = from_imdb(parsed.imdb, parsed.framework, parsed.words, parsed.length, parsed.unpickle)
    else:
        split = from_ratings(parsed.archive, parsed.words, parsed.length)
    split = split.limited(parsed.limit)
    console.print(split.description, markup=False, highlight=False, soft_wrap=True)
    trainer = Trainer.of("sentiment", parsed, console)
    source = str(parsed.imdb or SHA256)
    found: dict[str, tuple[Side, Side | None]] = {}
    table = Table(title=f"validation accuracy after each epoch, and seconds, oracle and {parsed.framework}")
    for column in ("cell", "", *(f"epoch {k}" for k in range(1, parsed.epochs + 1)), "seconds", "without the first"):
        table.add_column(column, justify="left" if column in ("cell", "") else "right")
    worst = 0.0
    for kind in parsed.cell or KINDS:
        model = model_of(kind, parsed.words, parsed.mask)
        params = model.init(np.random.default_rng(0), np.float32, manner="keras")
        ours = _oracle(trainer, kind, model, params, split, parsed, source)
        theirs = _keras(console, kind, model, params, split, parsed)
        found[kind] = ours, theirs
        _rows(table, kind, ours, theirs)
        if theirs is not None:
            worst = max(worst, 100 * abs(ours.val_accuracy[-1] - theirs.val_accuracy[-1]))
    console.print(table)
    if parsed.plot:
        plot(found, parsed.plot)
    trainer.forget()
    compared = all(theirs is not None for _, theirs in found.values())
    if compared:
        result = f"greatest difference of the accuracies after the last epoch: {worst:.2f} percentage points"
        console.print(f"{result} (at most {_TOLERATED_POINTS:.0f} is asked)", highlight=False)
    return 0 if compared and worst <= _TOLERATED_POINTS else 1


def _oracle(
    trainer: Trainer, kind: str, model: ri.Model, params: Any, split: Split, parsed: Namespace, source: str
) -> Side:
    settings = {"source": source, "words": parsed.words, "length": parsed.length, "limit": parsed.limit}
    done: Trained = trainer.train(
        kind,
        settings | {"framework": parsed.framework, "start": 0, "seed": 0},
        model,
        ri.losses.BinaryCrossentropy(),
        _rmsprop(parsed.framework),
        params,
        (split.x, split.y),
        epochs=parsed.epochs,
        batch_size=parsed.batch_size,
        seed=0,
        validation=(split.validation_x, split.validation_y),
        metric=ri.training.binary_accuracy,
        logits_shortcut=parsed.framework == "keras-tensorflow",  # which computes the loss from the logits
    )
    history = done.snapshot.history
    return _side(history, ("loss", "metric", "val_loss", "val_metric"), done.seconds)


def _keras(console: Console, kind: str, model: ri.Model, params: Any, split: Split, parsed: Namespace) -> Side | None:
    optimizer = _rmsprop(parsed.framework)
    options = {
        "layers": layers_of(model),
        "optimizer": "RMSprop",
        "optimizer_options": {"learning_rate": optimizer.learning_rate, "rho": optimizer.rho},
        "loss": "binary_crossentropy",
        "metrics": ["accuracy"],
        "dtype": "float32",
        "epochs": parsed.epochs,
        "batch_size": parsed.batch_size,
        "seed": 0,
        "every_step": False,
    }
    arrays: dict[str, Array] = {"x": split.x, "y": split.y, **numbered(dump(model, params))}
    arrays |= {"validation_x": split.validation_x, "validation_y": split.validation_y}
    total = parsed.epochs * -(-len(split.x) // parsed.batch_size)
    try:
        with progress_bar(console, f"{kind} in {parsed.framework}", total) as bar:
            answer: Answer = ask(parsed.framework, "train", arrays, options, bar.on_event)
    except NotRun as reason:
        console.print(f"{parsed.framework}: not run: {reason}", markup=False)
        return None
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return _side(answer.report["history"], names, answer.report["seconds"])


def _side(history: Mapping[str, Sequence[float]], names: Sequence[str], seconds: Sequence[float]) -> Side:
    loss, accuracy, val_loss, val_accuracy = (tuple(history[name]) for name in names)
    return Side(loss, accuracy, val_loss, val_accuracy, tuple(seconds))


def _rmsprop(framework: str) -> ri.optimizers.RMSprop:
    """As the framework computes it: Keras on TensorFlow squares an embedding's gradient occurrence by occurrence."""
    return ri.optimizers.RMSprop(manner="keras-tensorflow" if framework == "keras-tensorflow" else "keras")


def _rows(table: Table, kind: str, ours: Side, theirs: Side | None) -> None:
    for name, side in (("oracle", ours), ("keras", theirs)):
        if side is not None:
            accuracies = (f"{100 * value:.2f} %" for value in side.val_accuracy)
            table.add_row(kind, name, *accuracies, f"{sum(side.seconds):.1f}", f"{sum(side.seconds[1:]):.1f}")
    if theirs is not None:
        apart = (f"{100 * (a - b):+.2f}" for a, b in zip(ours.val_accuracy, theirs.val_accuracy, strict=True))
        ratios = (_ratio(ours.seconds[k:], theirs.seconds[k:]) for k in (0, 1))
        table.add_row("", "difference, ratio", *apart, *ratios, end_section=True)


def _ratio(ours: tuple[float, ...], theirs: tuple[float, ...]) -> str:
    return f"{sum(ours) / sum(theirs):.2f}" if theirs else "–"


def plot(found: dict[str, tuple[Side, Side | None]], path: Path) -> None:
    """A picture: loss left, accuracy right, training and validation; Keras's numbers as crosses. Needs matplotlib."""
    from matplotlib.figure import Figure  # an optional extra: pip install 'rnn-conformance[plot]'

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for k, (kind, (ours, theirs)) in enumerate(found.items()):
            for what, style in ((name, ":"), (f"val_{name}", "-")):
                values = getattr(ours, what)
                epochs = range(1, len(values) + 1)
                part = "validation" if style == "-" else "training"
                axes.plot(epochs, values, color=f"C{k}", linestyle=style, label=f"{kind}, {part}")
                if theirs is not None:
                    axes.plot(epochs, getattr(theirs, what), "x", color=f"C{k}")
        axes.set_xticks(range(1, 1 + max(len(ours.loss) for ours, _ in found.values())))
        axes.set(xlabel="epoch", title=f"{name}: lines the oracle, crosses Keras")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    write_figure(path, figure, dpi=120)
