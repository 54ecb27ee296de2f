"""Cells from what people have: Keras's configurations and PyTorch's tensors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, InvalidArgument, SimpleRNN
from ..layouts import keras, pytorch
from ..layouts.pytorch_module import prefixes
from ..stack import Layer, Stack


def keras_layer(kind: str, **options: Any) -> dict[str, Any]:
    """A serialized layer, built on steps of two features."""
    config = {"units": 3, "activation": "tanh", "use_bias": True, **options}
    return {"class_name": kind, "config": config, "build_config": {"input_shape": [None, 7, 2]}}


KERAS: list[tuple[dict[str, Any], str, Any]] = [
    (keras_layer("SimpleRNN", activation="relu"), "3.15.1", (SimpleRNN(2, 3, "relu"), False)),
    (keras_layer("SimpleRNN", activation=None, go_backwards=True), "3.15.1", (SimpleRNN(2, 3, "linear"), True)),
    (
        keras_layer("LSTM", recurrent_activation="sigmoid", use_bias=False),
        "3.15.1",
        (LSTM(2, 3, use_bias=False), False),
    ),
    (
        keras_layer("LSTM", recurrent_activation="hard_sigmoid"),
        "3.15.1",
        (LSTM(2, 3, recurrent_activation="hard_sigmoid"), False),
    ),
    (
        keras_layer("LSTM", recurrent_activation="hard_sigmoid"),
        "2.2.4",
        (LSTM(2, 3, recurrent_activation="hard_sigmoid_keras2"), False),
    ),
    (keras_layer("GRU", recurrent_activation="sigmoid", reset_after=True), "3.0.0", (GRU(2, 3), False)),
    (keras_layer("GRU", recurrent_activation="sigmoid"), "3.0.0", (GRU(2, 3), False)),
    (
        keras_layer("GRU", recurrent_activation="sigmoid"),
        "2.1.6",
        (GRU(2, 3, reset_after=False, use_recurrent_bias=False), False),
    ),
    (
        keras_layer("LSTM", activation={"class_name": "LeakyReLU", "config": {"alpha": 0.25}}),
        "3.15.1",
        (LSTM(2, 3, "leaky_relu(0.25)"), False),
    ),
    (
        {
            "class_name": "Bidirectional",
            "config": {"layer": keras_layer("LSTM"), "merge_mode": "ave"},
            "build_config": {"input_shape": [None, None, 2]},
        },
        "3.15.1",
        (Stack((Layer(LSTM(2, 3), LSTM(2, 3), "ave"),)), False),
    ),
    (
        {
            "class_name": "RNN",
            "config": {
                "cell": {
                    "class_name": "StackedRNNCells",
                    "config": {"cells": [keras_layer("LSTMCell"), keras_layer("SimpleRNNCell", units=4)]},
                },
                "batch_input_shape": [None, 5, 2],
                "go_backwards": True,
            },
        },
        "3.15.1",
        (Stack((Layer(backward=LSTM(2, 3)), Layer(backward=SimpleRNN(3, 4)))), True),
    ),
]


@pytest.mark.parametrize(("config", "version", "expected"), KERAS)
def test_a_keras_configuration_tells_the_cell(config: dict[str, Any], version: str, expected: Any) -> None:
    got = keras.cell_of(config, keras_version=version)
    # a Stack says its directions itself
    assert got == (expected if not isinstance(expected[0], Stack) else (expected[0], False))


def test_a_bare_configuration_is_told_by_the_options_that_only_its_layer_has() -> None:
    assert keras.cell_of(keras_layer("GRU", reset_after=False)["config"], 5)[0] == GRU(
        5, 3, reset_after=False, use_recurrent_bias=False
    )
    assert keras.cell_of(keras_layer("LSTM", unit_forget_bias=True)["config"], 5)[0] == LSTM(5, 3)
    assert keras.cell_of(keras_layer("SimpleRNN")["config"], 5)[0] == SimpleRNN(5, 3)


REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    (keras_layer("ConvLSTM2D"), "3.15.1", "config.class_name", "got 'ConvLSTM2D'"),
    (keras_layer("LSTM", activation={"class_name": "Mine"}), "3.15.1", "activation", "got 'Mine'"),
    (keras_layer("LSTM", activation="softmax"), "3.15.1", "activation", "got 'softmax'"),
    (keras_layer("LSTM"), "2.2.4", "config.recurrent_activation", "changed in Keras 2.3"),
    (keras_layer("LSTM")["config"], "3.15.1", "input_size", "got None"),
    (
        {"class_name": "Bidirectional", "config": {"layer": keras_layer("LSTM", go_backwards=True)}},
        "3.15.1",
        "config.layer",
        "runs forward",
    ),
]


@pytest.mark.parametrize(("config", "version", "argument", "words"), REFUSED)
def test_what_the_cells_cannot_express_is_refused_by_name(
    config: dict[str, Any], version: str, argument: str, words: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        keras.cell_of(config, None if argument == "input_size" else 2, version)
    assert caught.value.argument == argument
    assert words in str(caught.value)


BOTH = {"use_bias": True, "use_recurrent_bias": True}
DEEP = LSTM(2, 5, proj_size=3, use_recurrent_bias=True)
ABOVE = LSTM(6, 5, proj_size=3, use_recurrent_bias=True)
PYTORCH: list[Cell | Stack] = [
    SimpleRNN(2, 3, use_recurrent_bias=True),
    LSTM(2, 3, use_bias=False),
    LSTM(2, 5, proj_size=3, use_recurrent_bias=True),
    GRU(2, 3),
    Stack((Layer(GRU(2, 3)), Layer(GRU(3, 3)), Layer(GRU(3, 3)))),
    Stack((Layer(DEEP, DEEP), Layer(ABOVE, ABOVE))),
]


@pytest.mark.parametrize("cell", PYTORCH, ids=lambda cell: type(cell).__name__)
def test_pytorch_tensors_tell_the_cell(cell: Any) -> None:
    weights = pytorch.dump(cell, cell.init(np.random.default_rng(0)))
    named = {f"encoder.rnn.{name}": value for name, value in weights.items()} | {"encoder.weight": np.ones((3, 2))}
    assert pytorch.cell_of(named, "encoder.rnn.") == (cell, False)
    assert prefixes(named) == ["encoder.rnn."]


def test_a_module_says_its_nonlinearity_itself() -> None:
    cell = SimpleRNN(2, 3, "relu", use_recurrent_bias=True)
    weights = pytorch.dump(cell, cell.init(np.random.default_rng(0)))
    module = SimpleNamespace(state_dict=lambda: weights, nonlinearity="relu")
    assert pytorch.cell_of(module) == (cell, False)
    assert pytorch.cell_of(weights, activation="relu") == (cell, False)
    assert pytorch.cell_of(weights)[0] == SimpleRNN(2, 3, use_recurrent_bias=True)


def test_a_cell_modules_tensors_have_no_suffix() -> None:
    cell = GRU(2, 3)
    weights = pytorch.dump(cell, cell.init(np.random.default_rng(0)), suffix="")
    assert pytorch.cell_of(weights) == (cell, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight_ih_l0": (10, 2)}, "4, 3 or 1 times 3 rows"),
        ({"weight_hh_l0": (9, 3)}, "4, 3 or 1 times 3 rows"),
        ({"weight_hh_l0": (12,)}, "a matrix"),
        ({"bias_hh_l0": None}, "both biases or none"),
        ({"weight_ih_l2": (12, 3)}, "with the suffixes"),
        ({"weight_ih_l0": None}, "a tensor weight_ih_l0"),
    ],
)
def test_tensors_of_no_module_are_refused(change: dict[str, Any], words: str) -> None:
    shapes: dict[str, Any] = {
        "weight_ih_l0": (12, 2),
        "weight_hh_l0": (12, 3),
        "bias_ih_l0": (12,),
        "bias_hh_l0": (12,),
    }
    weights = {name: np.zeros(shape) for name, shape in (shapes | change).items() if shape is not None}
    with pytest.raises(InvalidArgument, match=words):
        pytorch.cell_of(weights)
