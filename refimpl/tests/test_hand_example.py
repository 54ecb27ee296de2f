"""One SimpleRNN small enough for paper: every number below was worked out by hand, and holds exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import SimpleRNN, backward, forward
from .support import assert_same

CASE = "the hand example"
PARAMS = {
    "kernel": [[1, 0, 2], [2, 1, 3]],
    "recurrent_kernel": [[1, 2, 1], [1, 0, 1], [0, 1, 0]],
    "bias": [0, 0, 1],
}
OUTPUTS = [[[7, 3, 12], [13, 27, 16], [48, 45, 54]]]

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def _run(dtype: Any) -> Any:
    params = {name: np.array(value, dtype) for name, value in PARAMS.items()}
    x = np.array([[[1, 3], [1, 1], [2, 3]]], dtype)
    return forward(SimpleRNN(2, 3, activation="linear"), params, x)


@each_dtype
def test_the_outputs_are_those_worked_out_by_hand(dtype: Any) -> None:
    run = _run(dtype)
    assert_same(CASE, {"outputs": run.outputs}, {"outputs": OUTPUTS})


@each_dtype
def test_the_final_state_is_the_last_output(dtype: Any) -> None:
    run = _run(dtype)
    assert_same(CASE, {"state": run.state}, {"state": [[[48, 45, 54]]]})


@each_dtype
def test_the_gradients_are_those_worked_out_by_hand(dtype: Any) -> None:
    grads = backward(_run(dtype), np.ones((1, 3, 3), dtype))
    got = grads.params | {"x": grads.x, "initial_state": grads.initial_state}
    expected = {
        "kernel": [[21, 13, 8], [50, 30, 17]],
        "recurrent_kernel": [[48, 34, 27], [42, 36, 33], [76, 52, 40]],
        "bias": [20, 12, 7],
        "x": [[[22, 48], [9, 19], [3, 6]]],
        "initial_state": [[[34, 18, 8]]],
    }
    assert_same(CASE, got, expected)
