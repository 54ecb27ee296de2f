"""Parameters of one layout's cell as another's: the same outputs, or a refusal with its remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, SimpleRNN, forward, layouts
from ..stack import Layer, Stack

CELLS: list[tuple[Any, str]] = [
    (SimpleRNN(2, 3, use_recurrent_bias=True), "keras"),
    (SimpleRNN(2, 3), "pytorch"),
    (SimpleRNN(2, 3, use_bias=False), "fused"),
    (LSTM(2, 3, use_recurrent_bias=True), "keras"),
    (LSTM(2, 3), "onnx"),
    (LSTM(2, 3, forget_bias=1.0), "keras"),
    (LSTM(2, 3, use_bias=False, forget_bias=1.0), "pytorch"),
    (LSTM(2, 3, peepholes=True, use_recurrent_bias=True), "fused"),
    (GRU(2, 3), "keras"),
    (GRU(2, 3), "pytorch"),
    (GRU(2, 3, use_bias=False), "keras"),
    (GRU(2, 3, use_recurrent_bias=False), "pytorch"),
    (GRU(2, 3, reset_after=False), "keras"),
    (GRU(2, 3, reset_after=False), "fused"),
    (SimpleRNN(2, 3, use_recurrent_bias=True), "flax"),
    (SimpleRNN(2, 3, use_bias=False), "flax"),
    (LSTM(2, 3, use_recurrent_bias=True), "equinox"),
    (LSTM(2, 3, use_bias=False), "mlx"),
    (GRU(2, 3, use_recurrent_bias=False), "flax"),
    (GRU(2, 3, use_recurrent_bias=False), "mlx"),
    (SimpleRNN(2, 3), "haiku"),
    (LSTM(2, 3, use_recurrent_bias=True), "haiku"),
    (LSTM(2, 3, use_bias=False, forget_bias=0.5), "haiku"),
    (GRU(2, 3, reset_after=False), "haiku"),
    (LSTM(2, 3, proj_size=2, use_bias=False, forget_bias=1.0), "paddle"),
    (LSTM(2, 3, proj_size=2, use_bias=False), "ncnn"),
    (GRU(2, 3, use_recurrent_bias=False), "ncnn"),
    (Stack((Layer(LSTM(2, 3, use_recurrent_bias=True), LSTM(2, 3)), Layer(GRU(6, 3)))), "keras"),
    (Stack((Layer(LSTM(2, 3), LSTM(2, 3)), Layer(LSTM(6, 3), LSTM(6, 3)))), "pytorch"),
    (SimpleRNN(2, 3, activation="relu"), "pytorch"),
    (SimpleRNN(2, 3, activation="softsign"), "mlx"),
    (LSTM(2, 3, activation="relu", recurrent_activation="hard_sigmoid"), "onnx"),
]


@pytest.mark.parametrize(("cell", "layout"), CELLS)
def test_the_converted_parameters_compute_the_same(cell: Any, layout: str) -> None:
    rng = np.random.default_rng(0)
    params, x = cell.init(rng), rng.standard_normal((4, 5, 2))
    to = layouts.native(cell, layout)
    converted = layouts.convert(params, from_=cell, to=to)
    getattr(layouts, layout).dump(to, converted)  # the layout takes them
    expected, got = forward(cell, params, x).outputs, forward(to, converted, x).outputs
    error = np.abs(got - expected).max()
    assert error < 64 * 2.0**-52, f"{cell} as {to}: off by {error}"  # a sum of two biases is rounded once
    again = layouts.convert(params, from_=cell, to=layout)
    assert all(np.array_equal(again[name], converted[name]) for name in to.parameter_shapes)


def test_what_needs_no_change_is_the_same_to_the_bit() -> None:
    cell = GRU(2, 3)
    params = cell.init(np.random.default_rng(0))
    converted = layouts.convert(params, from_=cell, to=cell)
    assert all(np.array_equal(converted[name], value) for name, value in params.items())


@pytest.mark.parametrize("layout", ["flax", "equinox", "mlx"])
def test_a_layout_with_one_bias_a_gate_takes_a_pytorch_gru_once_its_biases_are_folded(layout: str) -> None:
    rng = np.random.default_rng(0)
    cell = GRU(2, 3)
    params = {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}
    x, dump = rng.standard_normal((4, 5, 2)), getattr(layouts, layout).dump
    with pytest.raises(InvalidArgument, match=r"recurrent_bias.*folds them into the bias"):
        dump(cell, params)
    folded = layouts.convert(params, from_=cell, to=layout)
    assert np.array_equal(getattr(layouts, layout).load(cell, dump(cell, folded))["bias"], folded["bias"])
    error = np.abs(forward(cell, folded, x).outputs - forward(cell, params, x).outputs).max()
    assert error < 64 * 2.0**-52, error


def test_a_forget_bias_goes_into_the_forget_gate_alone() -> None:
    cell = LSTM(2, 3, forget_bias=1.0)
    params = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    bias = layouts.convert(params, from_=cell, to="keras")["bias"]
    assert bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    back = layouts.convert({**params, "bias": bias}, from_=LSTM(2, 3), to=cell)["bias"]
    assert not back.any()


GRU_AFTER = GRU(2, 3)
REFUSED: list[tuple[Any, Any, str]] = [
    (GRU_AFTER, replace(GRU_AFTER, use_recurrent_bias=False), "use_recurrent_bias=True in `to`"),
    (GRU_AFTER, replace(GRU_AFTER, use_bias=False), "use_bias=True in `to`"),
    (LSTM(2, 3), LSTM(2, 3, use_bias=False), "use_bias=True in `to`"),
    (GRU_AFTER, replace(GRU_AFTER, reset_after=False), "train the form that is wanted"),
    (GRU_AFTER, LSTM(2, 3), "expected a GRU, as from_ is"),
    (LSTM(2, 3), LSTM(2, 3, recurrent_activation="hard_sigmoid"), "expected 'sigmoid', as from_ has it"),
    (LSTM(2, 3), Stack((Layer(LSTM(2, 3)),)), "the layers and directions of from_"),
    (replace(GRU_AFTER, reset_after=False), "pytorch", "PyTorch only reset_after=True"),
    (LSTM(2, 3, peepholes=True), "keras", "ONNX .P. and TensorFlow 1"),
    (LSTM(2, 5, proj_size=3), "onnx", "projection @ recurrent_kernel"),
    (
        LSTM(2, 3, recurrent_activation="hard_sigmoid"),
        "pytorch",
        "from_.recurrent_activation: expected sigmoid .*chosen",
    ),
    (GRU(2, 3, activation="relu"), "mlx", "from_.activation: expected tanh .as mlx has it. .Keras and ONNX let it"),
    (SimpleRNN(2, 3, activation="softsign"), "paddle", "from_.activation: expected tanh or relu"),
    (SimpleRNN(2, 3, activation="relu"), "ncnn", "from_.activation: expected tanh .as ncnn"),
    (LSTM(2, 3, activation="gelu"), "onnx", "from_.activation: expected one that ONNX has"),
    (Stack((Layer(LSTM(2, 3), LSTM(2, 3, activation="relu")),)), "pytorch", "from_.activation: expected tanh"),
    (LSTM(2, 3), "caffe", "one of keras, pytorch, onnx, fused"),
]


@pytest.mark.parametrize(("cell", "to", "words"), REFUSED)
def test_what_no_bias_can_mend_is_refused_with_the_remedy(cell: Any, to: Any, words: str) -> None:
    params = cell.init(np.random.default_rng(0))
    with pytest.raises(InvalidArgument, match=words):
        layouts.convert(params, from_=cell, to=to)


def test_a_recurrent_bias_of_zeros_may_go() -> None:
    params = GRU_AFTER.init(np.random.default_rng(0))
    params["recurrent_bias"][-3:] = 0
    to = replace(GRU_AFTER, use_recurrent_bias=False)
    x = np.random.default_rng(1).standard_normal((2, 4, 2))
    got = forward(to, layouts.convert(params, from_=GRU_AFTER, to=to), x).outputs
    assert np.abs(got - forward(GRU_AFTER, params, x).outputs).max() < 64 * 2.0**-52
