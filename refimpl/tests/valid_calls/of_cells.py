"""Valid calls of cells and stacks, and of fresh values."""

from __future__ import annotations

import numpy as np

from ... import (
    GRU,
    LSTM,
    Layer,
    SimpleRNN,
    Stack,
    activations,
    initializers,
    preprocessing,
    stack,
)
from ..bad_kinds import Freedom
from ..judged_calls import Call
from .shared import (
    ANY,
    CELL,
    ELMAN,
    FEWER,
    FULL,
    GATED,
    RNG,
    STACK,
    Calls,
    numbers,
    of,
)


def cells_calls() -> Calls:
    lstm = dict(input_size=2, hidden_size=5, activation="tanh", recurrent_activation="sigmoid", use_bias=True)
    lstm |= dict(use_recurrent_bias=False, output_activation="relu", proj_size=3, peepholes=True, input_forget=False)
    return {
        "lstm.LSTM": [Call(LSTM, {**lstm, "clip": 0.75, "forget_bias": 1.0})],
        "gru.GRU": [
            of(
                GRU,
                input_size=2,
                hidden_size=3,
                activation="relu",
                recurrent_activation="hard_sigmoid",
                reset_after=True,
                use_bias=True,
                use_recurrent_bias=False,
                clip=0.5,
            )
        ],
        "simple_rnn.SimpleRNN": [
            of(
                SimpleRNN,
                input_size=2,
                hidden_size=3,
                activation="leaky_relu(0.25)",
                use_bias=True,
                use_recurrent_bias=False,
                clip=1.5,
            )
        ],
        "lstm.LSTM.init": [of(LSTM.init, self=FULL, rng=RNG, dtype=np.float32)],
        "gru.GRU.init": [of(GRU.init, self=GATED, rng=RNG, dtype=np.float64)],
        "simple_rnn.SimpleRNN.init": [of(SimpleRNN.init, self=ELMAN, rng=RNG, dtype=np.float64)],
        "stack.Layer": [Call(Layer, {"forward": CELL, "backward": GATED, "merge": "sum"}, names=("layer",))],
        "stack.Stack": [Call(Stack, {"layers": (Layer(CELL, GATED), Layer(GRU(6, 2)))}, {"layers": FEWER})],
        "stack.Stack.init": [of(Stack.init, self=STACK, rng=RNG, dtype=np.float64)],
        "stack.named_cells": [of(stack.named_cells, cell=STACK), of(stack.named_cells, cell=CELL)],
        "stack.is_cell": [Call(stack.is_cell, {"value": CELL}, {"value": ANY})],
        "stack.prefix": [of(stack.prefix, layer=1, reverse=True)],
        "activations.named": [Call(activations.named, {"name": "hard_sigmoid(0.25,0.5)"}, names=("activation",))],
    }


def initial_calls() -> Calls:
    shape = Freedom(any=True)
    return {
        "initializers.glorot_uniform": [
            Call(initializers.glorot_uniform, {"rng": RNG, "shape": (3, 4), "dtype": np.float32}, {"shape": Freedom()})
        ],
        "initializers.orthogonal": [of(initializers.orthogonal, rng=RNG, shape=(3, 4), dtype=np.float64, gain=1.5)],
        "initializers.uniform": [
            Call(
                initializers.uniform,
                {"rng": RNG, "shape": (3, 4, 2), "limit": 0.5, "dtype": np.float64},
                {"shape": shape},
            )
        ],
        "initializers.unit_forget_bias": [of(initializers.unit_forget_bias, cell=CELL, bias=numbers(12))],
        "initializers.cell_parameters": [
            of(initializers.cell_parameters, cell=cell, rng=RNG, dtype=np.float64, manner=manner)
            for cell, manner in ((FULL, "keras"), (STACK, "keras"), (GATED, "pytorch"))
        ],
        "initializers.normal": [
            Call(initializers.normal, {"rng": RNG, "shape": (3, 4, 2), "dtype": np.float64}, {"shape": shape})
        ],
        "initializers.check_manner": [of(initializers.check_manner, manner="keras")],
        "preprocessing.pad_sequences": [
            Call(
                preprocessing.pad_sequences,
                {
                    "sequences": [[1, 2, 3], [4], [5, 6]],
                    "maxlen": 2,
                    "dtype": np.int32,
                    "padding": "pre",
                    "truncating": "post",
                    "value": 0,
                },
                {"sequences": ANY, "dtype": ANY, "value": ANY},
            ),
            Call(
                preprocessing.pad_sequences,
                {"sequences": [np.array([1.0, 2.5]), np.array([0.5])], "maxlen": 4, "dtype": np.float32, "value": 0.5},
                {"sequences": ANY, "dtype": ANY, "value": ANY},
            ),
        ],
    }
