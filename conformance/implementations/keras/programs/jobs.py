"""Keras's side of the jobs (`conformance.models.jobs`), on the backend that is set."""

from __future__ import annotations

import time

import keras
import numpy as np


def sequential(layers, input_shape, input_dtype="float32"):
    """A Sequential model from ``[class name, options]`` pairs."""
    made = [getattr(keras.layers, name)(**options) for name, options in layers]
    return keras.Sequential([keras.Input(tuple(input_shape), dtype=input_dtype), *made])


def count(arrays, options, tell):
    """Each model's parameters, alone and with a Dense layer of one unit: ``count_params()`` and the summary's text."""
    counts, summaries = {}, {}
    for kind in options["kinds"]:
        for units in options["units"]:
            shape = (options["steps"], options["features"])
            models = [sequential([[kind, {"units": units}], *head], shape) for head in ([], [["Dense", {"units": 1}]])]
            counts[f"{kind}({units})"] = [model.count_params() for model in models]
            summaries[f"{kind}({units})"] = [summary(model) for model in models]
    return {}, {"counts": counts, "summaries": summaries}


def summary(model):
    """What ``summary()`` prints."""
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    return "\n".join(lines)


def train(arrays, options, tell):
    """Trains a Sequential model with ``fit`` on the very batches that the oracle has: its order of rows, no shuffling.

    Returns the last weights, every step's where ``every_step`` is set, losses and accuracies by epoch, and seconds.
    """
    keras.config.set_floatx(options["dtype"])
    x, y = arrays["x"], arrays["y"]
    model = sequential(options["layers"], x.shape[1:], x.dtype.name)
    model.set_weights([arrays[f"w{k}"] for k in range(len(model.weights))])
    optimizer = getattr(keras.optimizers, options["optimizer"])(**options["optimizer_options"])
    model.compile(optimizer=optimizer, loss=options["loss"], metrics=options["metrics"])
    validation = (arrays["validation_x"], arrays["validation_y"]) if "validation_x" in arrays else None
    size, history, seconds = options["batch_size"], {}, []
    batches, steps = -(-len(x) // size), Steps(tell, options["every_step"])
    for epoch in range(options["epochs"]):
        order = np.arange(len(x))
        if options["seed"] is not None:
            order = np.random.default_rng([options["seed"], epoch]).permutation(len(x))
        steps.done = epoch * batches
        began = time.perf_counter()
        done = model.fit(
            x[order],
            y[order],
            batch_size=size,
            shuffle=False,
            validation_data=validation,
            validation_batch_size=size,
            callbacks=[steps],
            verbose=0,
        )
        seconds.append(time.perf_counter() - began)
        for name, (value,) in done.history.items():
            history.setdefault(name, []).append(value)
    answer = {f"w{k}": array for k, array in enumerate(model.get_weights())}
    if options["every_step"]:
        answer |= {f"steps.w{k}": np.stack(arrays) for k, arrays in enumerate(zip(*steps.weights))}
    return answer, {"history": history, "seconds": seconds}


class Steps(keras.callbacks.Callback):
    """Tells of each batch, and keeps the weights after it where that is asked for."""

    def __init__(self, tell, keep):
        super().__init__()
        self.tell, self.keep, self.done, self.weights, self.told = tell, keep, 0, [], 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.keep:
            self.weights.append(self.model.get_weights())
        if time.perf_counter() - self.told > 0.2:
            self.told = time.perf_counter()
            self.tell(done=self.done, loss=float(logs["loss"]))


def load_imdb(arrays, options, tell):
    """Keras's own loader, which unpickles: both halves of the IMDB reviews, as flat arrays and their lengths."""
    halves = keras.datasets.imdb.load_data(path=options["path"], num_words=options["num_words"])
    found = {}
    for name, (reviews, labels) in zip(("train", "test"), halves):
        found[f"{name}.words"] = np.array([word for review in reviews for word in review], np.int32)
        found[f"{name}.lengths"] = np.array([len(review) for review in reviews])
        found[f"{name}.labels"] = np.asarray(labels)
    return found, {}


def train_each(arrays, options, tell):
    """Trains from several starts, the whole data one batch, by ``train_on_batch``; returns the weights of all steps."""
    keras.config.set_floatx(options["dtype"])
    answer, told = {}, 0.0
    for run in range(options["runs"]):
        model = sequential(options["layers"], arrays["x"].shape[1:], options["dtype"])
        model.set_weights([arrays[f"{run}.w{k}"] for k in range(len(model.weights))])
        optimizer = getattr(keras.optimizers, options["optimizer"])(**options["optimizer_options"])
        model.compile(optimizer=optimizer, loss=options["loss"])
        kept, losses = [], []
        for step in range(options["steps"]):
            losses.append(float(model.train_on_batch(arrays["x"], arrays["y"])))
            kept.append(model.get_weights())
            if time.perf_counter() - told > 0.2:
                told = time.perf_counter()
                tell(done=run * options["steps"] + step + 1, loss=losses[-1])
        answer[f"{run}.losses"] = np.array(losses)
        answer |= {f"{run}.steps.w{k}": np.stack(one) for k, one in enumerate(zip(*kept))}
    return answer, {}
