"""TensorFlow 1's layout: its cells' equations, written on its variables, give what the oracle gives on loaded ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, SimpleRNN, Stack, forward, rounding
from ..layouts import fused
from ..stack import Layer
from .support import assert_within

INPUT, HIDDEN, PROJECTED, BATCH, TIME = 2, 4, 3, 5, 6
CELLS: tuple[Any, ...] = (
    SimpleRNN(INPUT, HIDDEN),
    LSTM(INPUT, HIDDEN),
    LSTM(INPUT, HIDDEN, forget_bias=1.0),
    LSTM(INPUT, HIDDEN, peepholes=True),
    LSTM(INPUT, HIDDEN, proj_size=PROJECTED, peepholes=True, forget_bias=0.5),
    GRU(INPUT, HIDDEN, reset_after=False, use_recurrent_bias=False),
)
each = pytest.mark.parametrize("cell", CELLS, ids=str)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def step(cell: Any, v: Mapping[str, Any], x: Any, states: list[Any]) -> list[Any]:
    """One step as ``rnn_cell_impl`` computes it, on its variables; the new states, ``[h]`` or ``[h, c]``."""
    h = states[0]
    if isinstance(cell, SimpleRNN):
        return [np.tanh(np.hstack([x, h]) @ v["kernel"] + v["bias"])]
    if isinstance(cell, GRU):
        r, u = np.split(sigmoid(np.hstack([x, h]) @ v["gates/kernel"] + v["gates/bias"]), 2, axis=1)
        candidate = np.tanh(np.hstack([x, r * h]) @ v["candidate/kernel"] + v["candidate/bias"])
        return [u * h + (1 - u) * candidate]
    c = states[1]
    i, j, f, o = np.split(np.hstack([x, h]) @ v["kernel"] + v["bias"], 4, axis=1)
    zero = np.zeros(HIDDEN)
    c = sigmoid(f + cell.forget_bias + v.get("w_f_diag", zero) * c) * c + sigmoid(
        i + v.get("w_i_diag", zero) * c
    ) * np.tanh(j)
    m = sigmoid(o + v.get("w_o_diag", zero) * c) * np.tanh(c)
    return [m @ v["projection/kernel"] if cell.proj_size else m, c]


@each
def test_loaded_variables_give_what_tensorflows_equations_give(cell: Any) -> None:
    rng = np.random.default_rng(0)
    variables = {name: rng.uniform(-1, 1, array.shape) for name, array in fused.dump(cell, cell.init(rng)).items()}
    x = rng.uniform(-1, 1, (BATCH, TIME, INPUT))
    states = [rng.uniform(-1, 1, (BATCH, size)) for size in cell.state_sizes]
    run = forward(cell, fused.load(cell, variables), x, tuple(states))
    outputs = []
    for t in range(TIME):
        states = step(cell, variables, x[:, t], states)
        outputs.append(states[0])
    bound = rounding.bound(run, np.float64)
    assert_within(
        str(cell),
        {"outputs": np.stack(outputs, 1)} | dict(zip(cell.state_names, states, strict=True)),
        {"outputs": run.outputs} | dict(zip(cell.state_names, run.state, strict=True)),
        *[{"outputs": bound.outputs} | dict(zip(cell.state_names, bound.state, strict=True))] * 2,
    )


@each
def test_a_round_trip_keeps_every_bit(cell: Any) -> None:
    params = cell.init(np.random.default_rng(1), np.float32)
    for array in params.values():
        array.flat[:2] = (np.nan, -0.0)
    loaded = fused.load(cell, fused.dump(cell, params))
    assert {name: a.tobytes() for name, a in loaded.items()} == {name: a.tobytes() for name, a in params.items()}
    assert list(loaded) == list(params)


def test_what_is_loaded_is_a_copy() -> None:
    for cell in CELLS:
        variables = fused.dump(cell, cell.init(np.random.default_rng(2)))
        loaded = fused.load(cell, variables)
        before = {name: array.copy() for name, array in loaded.items()}
        for array in variables.values():
            array[...] = 0
        assert all((loaded[name] == before[name]).all() for name in before), cell


@pytest.mark.parametrize(
    ("cell", "argument"),
    [
        (LSTM(INPUT, HIDDEN, use_bias=False), "cell.use_bias"),
        (LSTM(INPUT, HIDDEN, use_recurrent_bias=True), "cell.use_recurrent_bias"),
        (LSTM(INPUT, HIDDEN, input_forget=True), "cell.input_forget"),
        (LSTM(INPUT, HIDDEN, clip=1.0), "cell.clip"),
        (GRU(INPUT, HIDDEN, use_recurrent_bias=False), "cell.reset_after"),
        (Stack((Layer(SimpleRNN(INPUT, HIDDEN)),)), "cell"),
    ],
)
def test_a_cell_that_tensorflow_1_lacks_is_refused(cell: Any, argument: str) -> None:
    for call in (fused.load, fused.dump):
        with pytest.raises(InvalidArgument) as caught:
            call(cell, {})
        assert caught.value.argument == argument


def test_variables_that_do_not_fit_are_refused() -> None:
    cell = LSTM(INPUT, HIDDEN)
    variables = fused.dump(cell, cell.init(np.random.default_rng(3)))
    with pytest.raises(InvalidArgument, match="kernel"):
        fused.load(cell, variables | {"kernel": variables["kernel"].T})
    with pytest.raises(InvalidArgument, match="keys"):
        fused.load(cell, {"kernel": variables["kernel"]})
