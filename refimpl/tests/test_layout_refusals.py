"""What a layout cannot hold, and weights that do not fit, are refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, InvalidArgument, SimpleRNN
from ..layouts import keras, pytorch
from .support import HIDDEN, INPUT


class Peephole(LSTM):
    """A cell that no layout knows."""


ONLY_RECURRENT = GRU(INPUT, HIDDEN, use_bias=False)
LACKS = "(no other is there: go over the steps with a cell of your own)"
FOREIGN: list[tuple[Any, Cell, str, str]] = [
    (keras, SimpleRNN(INPUT, HIDDEN, use_recurrent_bias=True), "cell.use_recurrent_bias", "got True"),
    (keras, LSTM(INPUT, HIDDEN, use_recurrent_bias=True), "cell.use_recurrent_bias", "got True"),
    (keras, GRU(INPUT, HIDDEN, reset_after=False), "cell.use_recurrent_bias", "got True"),
    (keras, GRU(INPUT, HIDDEN, use_recurrent_bias=False), "cell.use_recurrent_bias", "got False"),
    (keras, ONLY_RECURRENT, "cell.use_recurrent_bias", "got True"),
    (keras, Peephole(INPUT, HIDDEN), "cell", f"SimpleRNN, LSTM, GRU {LACKS}, got Peephole"),
    (pytorch, SimpleRNN(INPUT, HIDDEN), "cell.use_recurrent_bias", "got False"),
    (pytorch, LSTM(INPUT, HIDDEN), "cell.use_recurrent_bias", "got False"),
    (pytorch, GRU(INPUT, HIDDEN, use_recurrent_bias=False), "cell.use_recurrent_bias", "got False"),
    (pytorch, ONLY_RECURRENT, "cell.use_recurrent_bias", "got True"),
    (
        pytorch,
        GRU(INPUT, HIDDEN, reset_after=False),
        "cell.reset_after",
        "True (as PyTorch has it), got False",
    ),
    (pytorch, Peephole(INPUT, HIDDEN, use_recurrent_bias=True), "cell", f"GRU {LACKS}, got Peephole"),
]


@pytest.mark.parametrize(("layout", "cell", "argument", "words"), FOREIGN)
@pytest.mark.parametrize("direction", ["load", "dump"])
def test_a_cell_that_the_framework_lacks_is_refused(
    layout: Any, cell: Cell, argument: str, words: str, direction: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        getattr(layout, direction)(cell, {})
    assert caught.value.argument == argument
    assert words in str(caught.value)


KERAS_CELL, PYTORCH_CELL = GRU(2, 3), LSTM(2, 3, use_recurrent_bias=True)
KERAS = [np.ones((2, 9)), np.ones((3, 9)), np.ones((2, 9))]
PYTORCH = {
    "weight_ih_l0": np.ones((12, 2)),
    "weight_hh_l0": np.ones((12, 3)),
    "bias_ih_l0": np.ones(12),
    "bias_hh_l0": np.ones(12),
}
PARAMS = {name: np.ones(shape) for name, shape in KERAS_CELL.parameter_shapes.items()}
LSTM_PARAMS = {name: np.ones(shape) for name, shape in PYTORCH_CELL.parameter_shapes.items()}


def without(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: array for key, array in arrays.items() if key != name}


UNFIT: list[tuple[Any, Any, str, str]] = [
    (keras.load, KERAS[:2], "weights", "a list of 3 arrays, got 2"),
    (keras.load, [*KERAS, np.ones(9)], "weights", "a list of 3 arrays, got 4"),
    (keras.load, {"kernel": KERAS[0]}, "weights", "a list of 3 arrays, got dict"),
    (keras.load, [KERAS[0].T, *KERAS[1:]], "weights[0]", "shape (2, 9), got shape (9, 2)"),
    (keras.load, [KERAS[0], np.ones((2, 9)), KERAS[2]], "weights[1]", "shape (3, 9), got shape (2, 9)"),
    (keras.load, [*KERAS[:2], np.ones(9)], "weights[2]", "shape (2, 9), got shape (9,)"),
    (
        keras.dump,
        without(PARAMS, "bias"),
        "params",
        "recurrent_bias, got the keys kernel, recurrent_kernel, recurrent_bias",
    ),
    (keras.dump, PARAMS | {"peephole": np.ones(3)}, "params", "recurrent_bias, peephole"),
    (keras.dump, [*PARAMS.values()], "params", "a mapping with exactly the keys kernel"),
    (pytorch.load, [*PYTORCH.values()], "weights", "a mapping with at least the keys weight_ih_l0"),
    (keras.dump, PARAMS | {"kernel": np.ones((3, 9))}, "params['kernel']", "(2, 9), got shape (3, 9)"),
    (
        pytorch.load,
        without(PYTORCH, "bias_hh_l0"),
        "weights",
        "at least the keys weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, got the keys",
    ),
    (
        pytorch.load,
        PYTORCH | {"weight_ih_l0": np.ones((2, 12))},
        "weights['weight_ih_l0']",
        "got shape (2, 12)",
    ),
    (
        pytorch.dump,
        without(LSTM_PARAMS, "kernel"),
        "params",
        "exactly the keys kernel, recurrent_kernel, bias, recurrent_bias, got the keys rec",
    ),
    (pytorch.dump, LSTM_PARAMS | {"bias": np.ones(9)}, "params['bias']", "shape (12,), got shape (9,)"),
]


@pytest.mark.parametrize(("call", "weights", "argument", "words"), UNFIT, ids=[row[3] for row in UNFIT])
def test_weights_that_do_not_fit_are_refused(call: Any, weights: Any, argument: str, words: str) -> None:
    cell = KERAS_CELL if call in (keras.load, keras.dump) else PYTORCH_CELL
    with pytest.raises(InvalidArgument) as caught:
        call(cell, weights)
    assert caught.value.argument == argument
    assert words in str(caught.value)


def test_a_suffix_that_is_not_there_is_refused_with_the_keys_that_are() -> None:
    with pytest.raises(InvalidArgument, match=r"at least the keys weight_ih_l1, .*, got the keys weight_ih_l0"):
        pytorch.load(PYTORCH_CELL, PYTORCH, "_l1")
