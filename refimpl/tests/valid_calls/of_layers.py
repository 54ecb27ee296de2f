"""Valid calls of the layers of a model, and of models."""

from __future__ import annotations

import numpy as np

from ... import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    Layer,
    Model,
    Recurrent,
    SimpleRNN,
    Stack,
    head,
)
from ..bad_kinds import Freedom
from ..judged_calls import Call
from .shared import (
    ANY,
    CELL,
    FEWER,
    GATED,
    LEADING,
    NAN,
    NONE,
    RNG,
    STACK,
    Calls,
    example_of,
    named,
    numbers,
    of,
)

STACK_ON_THREE = Recurrent(Stack((Layer(LSTM(3, 3)),)))


def layers_calls() -> Calls:
    embedding, dense = Embedding(7, 3, True), Dense(3, 4, "softmax")
    rows, x, a = numbers(2, 5, 3), numbers(2, 5, 3), numbers(2, 5, 4)
    tokens = np.array([[1, 2, 0, 6, 3], [4, 0, 5, 1, 1]])
    params, table = named(dense.parameter_shapes), named(embedding.parameter_shapes)
    y = head.softmax(a)
    relu = Dense(3, 4, "relu")
    layer = Recurrent(GATED, True, True, "zeros")
    of_layer = Recurrent(GATED, True).forward(example_of(GATED).params, numbers(2, 5, 2), None)[0]
    model, theirs = _model(), named(_model().parameter_shapes)
    words = np.array([[1, 2, 0, 6, 3], [4, 2, 5, 1, 1], [3, 3, 2, 2, 0]])
    passed = model.forward(theirs, words)
    stepwise = Model((Recurrent(SimpleRNN(2, 3), True), Dense(3, 4)))
    free = {"x": Freedom(axes=(0, 1))}
    return {
        "head.log_softmax": [Call(head.log_softmax, {"x": a}, {"x": Freedom(axes=(0, 1, 2), ranks=True, nan=True)})],
        "head.softmax": [Call(head.softmax, {"x": a}, {"x": Freedom(axes=(0, 1, 2), ranks=True, nan=True)})],
        "head.sigmoid": [Call(head.sigmoid, {"x": a}, {"x": Freedom(axes=(0, 1, 2), ranks=True, nan=True)})],
        "head.Embedding": [of(Embedding, vocabulary_size=7, output_size=3, mask_zero=True)],
        "head.Embedding.tokens": [Call(Embedding.tokens, {"self": embedding, "x": tokens}, free)],
        "head.Embedding.forward": [
            Call(
                Embedding.forward,
                {"self": embedding, "params": table, "tokens": tokens},
                {"tokens": free["x"], "params": NAN},
            )
        ],
        "head.Embedding.adjoint": [
            Call(Embedding.adjoint, {"self": embedding, "tokens": tokens, "d_y": rows}, {"d_y": NAN})
        ],
        "head.Embedding.squares": [
            Call(Embedding.squares, {"self": embedding, "tokens": tokens, "d_y": rows}, {"d_y": NAN})
        ],
        "head.Embedding.init": [
            of(Embedding.init, self=embedding, rng=RNG, dtype=np.float64, manner=each) for each in ("keras", "pytorch")
        ],
        "head.Dense": [
            of(Dense, input_size=3, output_size=4, activation="softmax", use_bias=True),
            of(Dense, input_size=3, output_size=4, activation="elu(0.5)", use_bias=False),
        ],
        "head.Dense.forward": [
            Call(Dense.forward, {"self": each, "params": params, "x": x}, {"x": LEADING, "params": NAN})
            for each in (dense, relu)
        ],
        "head.Dense.activated": [
            Call(Dense.activated, {"self": each, "a": a}, {"a": LEADING}) for each in (dense, relu)
        ],
        "head.Dense.adjoint": [
            Call(
                Dense.adjoint,
                {"self": each, "params": params, "x": x, "a": a, "y": y, "d_y": numbers(2, 5, 4)},
                dict.fromkeys(("params", "x", "a", "y", "d_y"), NAN),
            )
            for each in (dense, relu)
        ],
        "head.Dense.activation_adjoint": [
            Call(
                Dense.activation_adjoint,
                {"self": each, "a": a, "y": y, "d_y": numbers(2, 5, 4)},
                dict.fromkeys(("a", "y", "d_y"), NAN),
            )
            for each in (dense, relu, Dense(3, 4, "log_softmax"))
        ],
        "head.Dense.init": [
            of(Dense.init, self=dense, rng=RNG, dtype=np.float32, manner=each) for each in ("keras", "pytorch")
        ],
        "recurrent.Recurrent": [
            of(Recurrent, cell=cell, return_sequences=True, reverse=False, masked_output="zeros")
            for cell in (CELL, STACK)
        ],
        "recurrent.Recurrent.forward": [
            Call(
                Recurrent.forward,
                {
                    "self": layer,
                    "params": example_of(GATED).params,
                    "x": numbers(2, 5, 2),
                    "mask": np.array([[True] * 5, [True, False, True, True, False]]),
                },
                {"params": NAN, "x": NAN, "mask": NONE},
            )
        ],
        "recurrent.Recurrent.adjoint": [
            Call(
                Recurrent.adjoint,
                {"self": Recurrent(GATED, True), "run": of_layer, "d_y": numbers(2, 5, 3)},
                {"d_y": NAN},
                ("d_outputs",),
            )
        ],
        "recurrent.Recurrent.init": [of(Recurrent.init, self=layer, rng=RNG, dtype=np.float64, manner="keras")],
        "model.Model": [
            Call(
                Model,
                {"layers": (Embedding(7, 2), Recurrent(CELL, True), STACK_ON_THREE, Dense(3, 1))},
                {"layers": FEWER},
            )
        ],
        "model.Model.init": [
            of(Model.init, self=model, rng=RNG, dtype=np.float64, manner=each) for each in ("keras", "pytorch")
        ],
        "model.Model.part": [
            Call(
                Model.part,
                {"self": model, "params": {k: v for k, v in theirs.items() if k.startswith("gru")}, "name": "gru"},
                {"params": Freedom(nan=True, keys=True)},
            )
        ],
        "model.Model.forward": [
            Call(Model.forward, {"self": model, "params": theirs, "x": words, "check_finite": True}, free),
            Call(
                Model.forward,
                {
                    "self": stepwise,
                    "params": named(stepwise.parameter_shapes, np.float32),
                    "x": numbers(2, 5, 2, dtype=np.float32),
                },
                free,
            ),
            Call(
                Model.forward,
                {"self": Model((dense,)), "params": {f"dense.{k}": v for k, v in params.items()}, "x": numbers(4, 3)},
                {"x": Freedom(axes=(0,), ranks=True)},
            ),
        ],
        "model.Model.backward": [of(Model.backward, self=model, passed=passed, d_output=numbers(3, 4), squares=True)],
        "model.Model.checked_input": [
            Call(
                Model.checked_input,
                {"self": model, "params": theirs, "x": words, "check_finite": True},
                free | {"params": Freedom(any=True, nan=True, axes=(0, 1))},
            )
        ],
        "model.Model.predict": [
            Call(Model.predict, {"self": model, "params": theirs, "x": words, "batch_size": 2}, free)
        ],
        "model.Model.summary": [Call(Model.summary, {"self": model, "name": "sequential"}, {"name": ANY})],
    }


def _model() -> Model:
    return Model((Embedding(7, 2, True), GRU(2, 3), Dense(3, 4, "softmax")))
