"""Weights and gradients to the frameworks' layouts and back: every block in its place, every bit kept.

What a framework holds is built here from its documentation alone: each number is a function of parameter,
gate, unit and feature, so no two are alike, and a block, row or transposition out of place shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, SimpleRNN, backward, forward
from ..layouts import keras, pytorch
from .support import HIDDEN, INPUT, assert_same, example, parts, short

KERAS_CELLS = (
    SimpleRNN(INPUT, HIDDEN),
    SimpleRNN(INPUT, HIDDEN, use_bias=False),
    LSTM(INPUT, HIDDEN),
    LSTM(INPUT, HIDDEN, use_bias=False),
    GRU(INPUT, HIDDEN),
    GRU(INPUT, HIDDEN, use_bias=False, use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, reset_after=False, use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, reset_after=False, use_bias=False, use_recurrent_bias=False),
)
PYTORCH_CELLS = (
    SimpleRNN(INPUT, HIDDEN, use_recurrent_bias=True),
    SimpleRNN(INPUT, HIDDEN, use_bias=False),
    LSTM(INPUT, HIDDEN, use_recurrent_bias=True),
    LSTM(INPUT, HIDDEN, use_bias=False),
    GRU(INPUT, HIDDEN),
    GRU(INPUT, HIDDEN, use_bias=False, use_recurrent_bias=False),
)
# The gates in the order of each framework's documentation, by our letters: g and n are the candidates.
KERAS_GATES = {"SimpleRNN": "h", "LSTM": "ifgo", "GRU": "zrn"}
PYTORCH_GATES = {"SimpleRNN": "h", "LSTM": "ifgo", "GRU": "rzn"}
OURS = {"SimpleRNN": "h", "LSTM": "ifgo", "GRU": "zrn"}

on_keras = pytest.mark.parametrize("cell", KERAS_CELLS, ids=short)
on_pytorch = pytest.mark.parametrize("cell", PYTORCH_CELLS, ids=short)


def mark(parameter: str, gate: str, unit: int, feature: int = 0) -> float:
    which = ("kernel", "recurrent_kernel", "bias", "recurrent_bias").index(parameter)
    return 1000.0 * which + 100 * "hifgozrn".index(gate) + 10 * unit + feature + 0.5


def matrix(parameter: str, gates: str, features: int) -> Any:
    """(features, gates * hidden)"""
    columns = [(gate, unit) for gate in gates for unit in range(HIDDEN)]
    return np.array([[mark(parameter, *column, k) for column in columns] for k in range(features)])


def vector(parameter: str, gates: str) -> Any:
    return np.array([mark(parameter, gate, unit) for gate in gates for unit in range(HIDDEN)])


def our_params(cell: Cell) -> dict[str, Any]:
    gates = OURS[type(cell).__name__]
    every = {
        "kernel": matrix("kernel", gates, INPUT),
        "recurrent_kernel": matrix("recurrent_kernel", gates, HIDDEN),
        "bias": vector("bias", gates),
        "recurrent_bias": vector("recurrent_bias", gates),
    }
    return {name: every[name] for name in cell.parameter_shapes}


def keras_weights(cell: Cell) -> list[Any]:
    gates = KERAS_GATES[type(cell).__name__]
    biases = [vector("bias", gates)] if cell.use_bias else []
    if cell.use_recurrent_bias:
        biases = [np.stack([*biases, vector("recurrent_bias", gates)])]
    return [matrix("kernel", gates, INPUT), matrix("recurrent_kernel", gates, HIDDEN), *biases]


def pytorch_weights(cell: Cell, suffix: str = "_l0") -> dict[str, Any]:
    gates = PYTORCH_GATES[type(cell).__name__]
    found = {"weight_ih": matrix("kernel", gates, INPUT).T}
    found["weight_hh"] = matrix("recurrent_kernel", gates, HIDDEN).T
    if cell.use_bias:
        found |= {"bias_ih": vector("bias", gates), "bias_hh": vector("recurrent_bias", gates)}
    return {name + suffix: array for name, array in found.items()}


def numbered(arrays: Any) -> dict[str, Any]:
    return {f"weights[{k}]": array for k, array in enumerate(arrays)}


@on_keras
def test_keras_blocks_load_into_their_places(cell: Cell) -> None:
    assert_same(str(cell), keras.load(cell, keras_weights(cell)), our_params(cell))


@on_keras
def test_keras_blocks_dump_into_their_places(cell: Cell) -> None:
    assert_same(str(cell), numbered(keras.dump(cell, our_params(cell))), numbered(keras_weights(cell)))


@on_pytorch
@pytest.mark.parametrize("suffix", ["_l0", "", "_l1_reverse"])
def test_pytorch_blocks_load_into_their_places(cell: Cell, suffix: str) -> None:
    assert_same(str(cell), pytorch.load(cell, pytorch_weights(cell, suffix), suffix), our_params(cell))


@on_pytorch
@pytest.mark.parametrize("suffix", ["_l0", "", "_l1_reverse"])
def test_pytorch_blocks_dump_into_their_places(cell: Cell, suffix: str) -> None:
    assert_same(str(cell), pytorch.dump(cell, our_params(cell), suffix), pytorch_weights(cell, suffix))


def test_without_a_suffix_pytorch_means_the_first_layer() -> None:
    cell = PYTORCH_CELLS[0]
    assert_same(str(cell), pytorch.load(cell, pytorch_weights(cell)), our_params(cell))
    assert_same(str(cell), pytorch.dump(cell, our_params(cell)), pytorch_weights(cell))


def test_pytorch_finds_one_layer_among_others() -> None:
    cell = PYTORCH_CELLS[2]
    others = {name: -array for name, array in pytorch_weights(cell, "_l1").items()}
    found = pytorch.load(cell, others | pytorch_weights(cell), "_l0")
    assert_same(str(cell), found, our_params(cell))


def bits(arrays: Any) -> Any:
    """Dtype, shape and every bit of each array, by name or in order."""
    if isinstance(arrays, dict):
        return {name: bits([array])[0] for name, array in arrays.items()}
    return [(a.dtype, a.shape, np.ascontiguousarray(a).tobytes()) for a in arrays]


def awkward(arrays: dict[str, Any]) -> dict[str, Any]:
    """Copies, with a NaN, a negative zero and a subnormal number among them."""
    found = {name: array.copy() for name, array in arrays.items()}
    for array in found.values():
        array.flat[:3] = (np.nan, -0.0, np.finfo(array.dtype).smallest_subnormal)
    return found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("layout", "cell"),
    [*((keras, cell) for cell in KERAS_CELLS), *((pytorch, cell) for cell in PYTORCH_CELLS)],
    ids=[f"keras-{short(c)}" for c in KERAS_CELLS] + [f"pytorch-{short(c)}" for c in PYTORCH_CELLS],
)
def test_a_round_trip_keeps_every_bit_of_weights_and_gradients(layout: Any, cell: Cell, dtype: Any) -> None:
    e = example(cell, seed=0, dtype=dtype)
    grads = backward(forward(cell, e.params, e.x, e.initial_state), e.d_outputs, e.d_state).params
    for params in (e.params, grads, awkward(e.params)):
        theirs = layout.dump(cell, params)
        assert bits(layout.load(cell, theirs)) == bits(params), e.case
        assert bits(layout.dump(cell, layout.load(cell, theirs))) == bits(theirs), e.case


def test_what_is_loaded_is_a_copy() -> None:
    cell = PYTORCH_CELLS[1]  # one gate and no bias: nothing that must be moved
    theirs = pytorch_weights(cell)
    loaded = pytorch.load(cell, theirs)
    for array in theirs.values():
        array[:] = 0
    assert_same(str(cell), loaded, our_params(cell))


def test_loaded_weights_run() -> None:
    for layout, cell in ((keras, KERAS_CELLS[4]), (pytorch, PYTORCH_CELLS[4])):
        e = example(cell, seed=0)
        loaded = layout.load(cell, layout.dump(cell, e.params))
        assert_same(e.case, *(parts(forward(cell, params, e.x)) for params in (loaded, e.params)))
