"""Text classification in PyTorch's manner.

Where does a sentence come from, a film review, a product review, an editorial or a tweet? An embedding,
``nn.RNN(batch_first=True, num_layers=n)``, the last step's output through a Linear layer, ``CrossEntropyLoss``, Adam,
epochs over a DataLoader, then accuracy on held-out sentences.

The oracle does the same from the same start on the same batches, in float64.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import refimpl as ri

from ...common.arguments import count
from ...contract import Array, NotRun, Quantities
from .data import rated_sentences, vocabulary
from .data.rated_sentences import FILE, SHA256, SOURCES
from .data.reviews import Split
from .frameworks import ask
from .resumable.progress import progress_bar
from .resumable.trainer import Trainer, add_training_arguments

HELP = "sentences by where they come from: nn.RNN of some layers, the last step, CrossEntropyLoss, against PyTorch"
CLASSES = tuple(SOURCES)
LOSS = ri.losses.SparseCategoricalCrossentropy(from_logits=True)
_COMPARED_STEPS = 50  # first steps whose parameters are compared
_TOLERATED_POINTS = 1.0  # percentage points of accuracy


def add_arguments(parser: ArgumentParser) -> None:
    """The data and the size of the job."""
    parser.add_argument("--layers", type=count, default=2, help="of the nn.RNN (default: 2)")
    parser.add_argument("--hidden", type=count, default=32, help="units of each layer (default: 32)")
    parser.add_argument("--features", type=count, default=32, help="of the embedding (default: 32)")
    parser.add_argument("--words", type=count, default=5000, help="numbers in the vocabulary (default: 5000)")
    parser.add_argument("--length", type=count, default=25, help="of every sentence, padded or cut (default: 25)")
    parser.add_argument("--each", type=count, default=3000, help="sentences of each class (default: 3000)")
    parser.add_argument("--epochs", type=count, default=5, help="default: 5")
    parser.add_argument("--batch-size", type=count, default=64, help="default: 64")
    parser.add_argument("--archive", type=Path, metavar="FILE", help=f"{FILE}, instead of fetching it with pip")
    add_training_arguments(parser)


def model_of(words: int, features: int, hidden: int, layers: int) -> ri.Model:
    """Embedding, the layers, and logits from the last step; every cell has PyTorch's two biases."""
    sizes = [features, *[hidden] * (layers - 1)]
    stack = ri.Stack(tuple(ri.Layer(ri.SimpleRNN(size, hidden, use_recurrent_bias=True)) for size in sizes))
    return ri.Model((ri.Embedding(words, features), stack, ri.Dense(hidden, len(CLASSES))))


def to_torch(model: ri.Model, params: Quantities) -> dict[str, Array]:
    """The tensors of the classifier in PyTorch's ``programs/jobs.py``, by name."""
    embedding, recurrent, dense = (model.part(params, name) for name in model.names)
    found = {"embedding.weight": embedding["embeddings"]}
    tensors = ri.layouts.pytorch.dump(model.layers[1].cell, recurrent)
    found |= {f"rnn.{name}": tensor for name, tensor in tensors.items()}
    return found | {"linear.weight": dense["kernel"].T, "linear.bias": dense["bias"]}


def sentences_by_source(path: Path | None, words: int, length: int, each: int) -> Split:
    """Sentences of every source, as many of each, one in five held out; the padding stands before the words."""
    rng = np.random.default_rng(0)
    rows: list[tuple[str, int]] = []
    for label, source in enumerate(CLASSES):
        its = rated_sentences.sentences(source, path)
        chosen = rng.permutation(len(its))[:each]
        rows += [(its[k].text, label) for k in chosen]
    shuffled = [rows[k] for k in rng.permutation(len(rows))]
    held_out = len(rows) // 5
    parts = shuffled[held_out:], shuffled[:held_out]
    rank_of = vocabulary.ranks(sentence for sentence, _ in parts[0])
    arrays: list[Array] = []
    for part in parts:
        encoded = vocabulary.encode_all([sentence for sentence, _ in part], rank_of, words)
        arrays += [ri.preprocessing.pad_sequences(encoded, maxlen=length), np.array([label for _, label in part])]
    description = (
        f"{len(parts[0]):,} sentences to train on, {held_out:,} held out, {len(CLASSES)} classes: {', '.join(CLASSES)}"
    )
    x, y, validation_x, validation_y = arrays
    return Split(x, y, validation_x, validation_y, description)


def run(parsed: Namespace, console: Console) -> int:
    """Trains on both sides; 1 where the accuracies are too far apart, or PyTorch was not there."""
    split = sentences_by_source(parsed.archive, parsed.words, parsed.length, parsed.each)
    console.print(split.description, markup=False, highlight=False, soft_wrap=True)
    trainer = Trainer.of("classification", parsed, console)
    model = model_of(parsed.words, parsed.features, parsed.hidden, parsed.layers)
    adam = ri.optimizers.Adam(learning_rate=0.001, manner="pytorch")
    params = model.init(np.random.default_rng(0), np.float64, manner="pytorch")
    done = trainer.train(
        "nn.RNN",
        {"data": SHA256, "length": parsed.length, "each": parsed.each, "start": 0, "seed": 0},
        model,
        LOSS,
        adam,
        params,
        (split.x, split.y),
        epochs=parsed.epochs,
        batch_size=parsed.batch_size,
        seed=0,
        validation=(split.validation_x, split.validation_y),
        metric=ri.training.categorical_accuracy,
    )
    history = done.snapshot.history
    table = Table(title="accuracy on held-out sentences after each epoch, and seconds")
    for column in ("", *(f"epoch {k}" for k in range(1, parsed.epochs + 1)), "seconds"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("oracle", *map(_percent, history["val_metric"]), f"{sum(done.seconds):.1f}")
    options = {"vocabulary": parsed.words, "features": parsed.features, "hidden": parsed.hidden}
    options |= {
        "layers": parsed.layers,
        "classes": len(CLASSES),
        "dtype": "float64",
        "seed": 0,
        "keep": _COMPARED_STEPS,
    }
    options |= {"epochs": parsed.epochs, "batch_size": parsed.batch_size, "learning_rate": adam.learning_rate}
    arrays = {"x": split.x.astype(np.int64), "y": split.y, **to_torch(model, params)}
    arrays |= {"validation_x": split.validation_x.astype(np.int64), "validation_y": split.validation_y}
    total = parsed.epochs * -(-len(split.x) // parsed.batch_size)
    try:
        with progress_bar(console, "torch", total) as bar:
            answer = ask("torch", "classify", arrays, options, bar.on_event)
    except NotRun as reason:
        console.print(table)
        console.print(f"torch: not run: {reason}", markup=False)
        return 1
    theirs = answer.report["history"]["val_accuracy"]
    table.add_row("torch", *map(_percent, theirs), f"{sum(answer.report['seconds']):.1f}")
    console.print(table)
    batches = first_batches(split, parsed.batch_size)
    ours = trajectory(model, adam, params, batches)
    apart = distances(ours, {name.removeprefix("steps."): a for name, a in answer.arrays.items() if "steps." in name})
    last = relative(to_torch(model, done.snapshot.params), answer.arrays)
    console.print(
        f"greatest relative difference of any parameter: {apart[0]:.1e} after the first step, "
        f"{apart.max():.1e} over {len(apart)} steps, {last:.1e} after the last",
        highlight=False,
        soft_wrap=True,
    )
    trainer.forget()
    return 0 if 100 * abs(history["val_metric"][-1] - theirs[-1]) <= _TOLERATED_POINTS else 1


def first_batches(split: Split, size: int) -> list[tuple[Array, Array]]:
    """The first batches of the first epoch."""
    order = ri.training.order(len(split.x), 0, 0)
    parts = [order[at : at + size] for at in range(0, len(order), size)][:_COMPARED_STEPS]
    return [(split.x[part], split.y[part]) for part in parts]


def trajectory(
    model: ri.Model, adam: ri.optimizers.Adam, params: Quantities, batches: list[tuple[Array, Array]]
) -> list[dict[str, Array]]:
    """The parameters after each step, as PyTorch names and lays them out."""
    now, state, found = dict(params), adam.start(dict(params)), []
    for x, y in batches:
        done = ri.training.step(model, LOSS, adam, now, state, x, y)
        now, state = done.params, done.state
        found.append(to_torch(model, now))
    return found


def distances(ours: list[dict[str, Array]], theirs: Mapping[str, Array]) -> Array:
    """After each step, the greatest difference of any parameter, relative to the greatest number of its array."""
    return np.array([relative(one, {name: theirs[name][k] for name in one}) for k, one in enumerate(ours)])


def relative(ours: Mapping[str, Array], theirs: Mapping[str, Array]) -> float:
    """The greatest difference of any parameter, relative to the greatest number of its array."""
    return max(float(np.abs(theirs[name] - a).max() / np.abs(a).max()) for name, a in ours.items())


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"
