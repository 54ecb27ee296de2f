"""Keras's weights of several layers: each layer's list after the other's, forward before backward, cell after cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, SimpleRNN, backward, forward
from ..errors import InvalidArgument
from ..layouts import keras
from ..stack import Layer, Stack
from .support import example

FORWARD, BACKWARD = LSTM(2, 3), GRU(2, 4)
ABOVE = SimpleRNN(7, 5, use_bias=False)
STACK = Stack((Layer(FORWARD, BACKWARD), Layer(ABOVE)))
PREFIXES: dict[str, Cell] = {"l0.": FORWARD, "l0_reverse.": BACKWARD, "l1.": ABOVE}


def numbered() -> tuple[list[Any], dict[str, Any]]:
    """What a model's layers hold, no two numbers alike, and the same by our names, cell by cell."""
    weights: list[Any] = []
    params: dict[str, Any] = {}
    for prefix, cell in PREFIXES.items():
        its = [
            np.arange(100 * len(weights), 100 * len(weights) + array.size, dtype=float).reshape(array.shape) + k / 8
            for k, array in enumerate(keras.dump(cell, cell.init(np.random.default_rng(0))))
        ]
        weights += its
        params |= {prefix + name: array for name, array in keras.load(cell, its).items()}
    return weights, params


def test_a_stack_loads_layer_by_layer_and_forward_before_backward() -> None:
    weights, params = numbered()
    assert [array.shape for array in weights] == [(2, 12), (3, 12), (12,), (2, 12), (4, 12), (2, 12), (7, 5), (5, 5)]
    loaded = keras.load(STACK, weights)
    assert list(loaded) == list(STACK.parameter_shapes)
    for name, expected in params.items():
        assert np.array_equal(loaded[name], expected), f"{name}: expected {expected}, got {loaded[name]}"


def test_a_stack_dumps_what_it_loads() -> None:
    weights, params = numbered()
    dumped = keras.dump(STACK, params)
    assert len(dumped) == len(weights)
    for k, (got, expected) in enumerate(zip(dumped, weights, strict=True)):
        assert np.array_equal(got, expected), f"weights[{k}]: expected {expected}, got {got}"


def test_gradients_of_a_stack_travel_like_its_weights() -> None:
    stack = Stack((Layer(SimpleRNN(2, 3), SimpleRNN(2, 3), "sum"), Layer(backward=GRU(3, 2))))
    rng = np.random.default_rng(1)
    run = forward(stack, stack.init(rng), rng.normal(size=(2, 4, 2)))
    gradients = backward(run, rng.normal(size=run.outputs.shape)).params
    back = keras.load(stack, keras.dump(stack, gradients))
    assert all(np.array_equal(back[name], gradient) for name, gradient in gradients.items())


def test_the_wrong_number_of_arrays_is_refused_with_the_number_due() -> None:
    weights, params = numbered()
    with pytest.raises(InvalidArgument, match=r"weights: expected a list of 8 arrays, got 7"):
        keras.load(STACK, weights[:-1])
    with pytest.raises(InvalidArgument, match=r"exactly the keys l0\.kernel"):
        keras.dump(STACK, {name: array for name, array in params.items() if name != "l1.kernel"})


def test_an_array_that_does_not_fit_is_named_by_its_place_in_the_whole_list() -> None:
    weights, params = numbered()
    weights[5] = weights[5][0]
    with pytest.raises(InvalidArgument, match=r"weights\[5\]: expected shape \(2, 12\), got shape \(12,\)"):
        keras.load(STACK, weights)
    with pytest.raises(InvalidArgument, match=r"params\['l1\.kernel'\]"):
        keras.dump(STACK, params | {"l1.kernel": np.ones((5, 7))})


@pytest.mark.parametrize(
    ("cell", "argument"),
    [
        (LSTM(2, 3, proj_size=2), "cell.proj_size"),
        (LSTM(2, 3, peepholes=True), "cell.peepholes"),
        (LSTM(2, 3, input_forget=True), "cell.input_forget"),
        (LSTM(2, 3, forget_bias=1.0), "cell.forget_bias"),
        (LSTM(2, 3, output_activation="relu"), "cell.output_activation"),
        (SimpleRNN(2, 3, clip=1.0), "cell.clip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_cell_that_keras_does_not_have_is_refused(cell: Cell, argument: str) -> None:
    e = example(cell, seed=0)
    with pytest.raises(InvalidArgument) as caught:
        keras.dump(cell, e.params)
    assert caught.value.argument == argument
