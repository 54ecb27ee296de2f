"""The fused layout against TensorFlow's own cells of version 1, where TensorFlow still has them."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Case, Observed
from conformance.judging.expected import expect
from conformance.judging.verdict import judge
from refimpl.layouts import fused


@cache
def tensorflow() -> Any:
    """Imported for the first test, as it takes four seconds, and each of pytest's processes collects this file."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("tensorflow")


@cache
def cells() -> Any:
    """TensorFlow's cells of version 1."""
    tensorflow()
    return pytest.importorskip("tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl")


INPUT, HIDDEN, PROJECTED = 3, 4, 2
MADE: dict[str, tuple[Any, Any]] = {
    "BasicRNNCell": (ri.SimpleRNN(INPUT, HIDDEN), lambda: cells().BasicRNNCell(HIDDEN, dtype="float64")),
    "BasicLSTMCell": (
        ri.LSTM(INPUT, HIDDEN, forget_bias=1.0),
        lambda: cells().BasicLSTMCell(HIDDEN, forget_bias=1.0, dtype="float64"),
    ),
    "LSTMCell": (
        ri.LSTM(INPUT, HIDDEN, proj_size=PROJECTED, peepholes=True, forget_bias=0.75),
        lambda: cells().LSTMCell(HIDDEN, use_peepholes=True, num_proj=PROJECTED, forget_bias=0.75, dtype="float64"),
    ),
    "GRUCell": (
        ri.GRU(INPUT, HIDDEN, reset_after=False, use_recurrent_bias=False),
        lambda: cells().GRUCell(HIDDEN, dtype="float64"),
    ),
}


def run(layer: Any, cell: Any, case: Case) -> Observed:
    """TensorFlow's cell with our weights, step by step."""
    layer.build((None, INPUT))
    variables = {v.name.partition("/")[2].removesuffix(":0"): v for v in layer.weights}
    weights = fused.dump(cell, case.params)
    assert {name: tuple(v.shape) for name, v in variables.items()} == {n: a.shape for n, a in weights.items()}
    for name, variable in variables.items():
        variable.assign(weights[name])
    states = [tensorflow().constant(part) for part in case.initial_state_or_zeros()]
    outputs = []
    for t in range(case.x.shape[1]):
        if len(states) == 2:
            y, after = layer(case.x[:, t], cells().LSTMStateTuple(states[1], states[0]))
            states = [after.h, after.c]
        else:
            y, after = layer(case.x[:, t], states[0])
            states = [after]
        outputs.append(y.numpy())
    named = {f"state.{name}": part.numpy() for name, part in zip(case.state_names, states, strict=True)}
    return Observed({"outputs": np.stack(outputs, 1)} | named)


@pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")
@pytest.mark.parametrize("name", MADE)
def test_tensorflows_own_cell_gives_what_the_oracle_gives(name: str) -> None:
    cell, make = MADE[name]
    rng = np.random.default_rng(0)
    case = Case(
        cell,
        {key: rng.uniform(-1, 1, shape) for key, shape in cell.parameter_shapes.items()},
        rng.uniform(-1, 1, (2, 5, INPUT)),
        tuple(rng.uniform(-1, 1, (2, size)) for size in cell.state_sizes),
    )
    verdict = judge(expect(case), run(make(), cell, case))
    assert verdict.agrees, f"{case!r}\n" + "\n".join(map(str, verdict.disagreements))
