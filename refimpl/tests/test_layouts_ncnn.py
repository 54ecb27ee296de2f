"""ncnn: its step, written out from its source, gives what the oracle gives from the same arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack, forward
from ..layouts import ncnn
from .support import short

BATCH, TIME, INPUT, HIDDEN = 3, 4, 2, 5
SIZES = (INPUT, HIDDEN)


def sigma(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def rnn(x: Any, state: Any, w: Any) -> Any:
    return (np.tanh(x @ w["weight_xc_data"].T + w["bias_c_data"][0] + state[0] @ w["weight_hc_data"].T),)


def lstm(x: Any, state: Any, w: Any) -> Any:
    """Gates I F O G, a row of the bias each."""
    h, c = state
    products = np.split(x @ w["weight_xc_data"].T + h @ w["weight_hc_data"].T, 4, axis=-1)
    i, f, o, g = (product + bias for product, bias in zip(products, w["bias_c_data"], strict=True))
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    h = sigma(o) * np.tanh(c)
    return (h @ w["weight_hr_data"].T if "weight_hr_data" in w else h), c


def gru(x: Any, state: Any, w: Any) -> Any:
    """Gates R U N, biases R U WN BN, the last of them inside the reset product."""
    (h,) = state
    b_r, b_u, b_wn, b_bn = w["bias_c_data"]
    x_r, x_u, x_n = np.split(x @ w["weight_xc_data"].T, 3, axis=-1)
    h_r, h_u, h_n = np.split(h @ w["weight_hc_data"].T, 3, axis=-1)
    u = sigma(x_u + h_u + b_u)
    return ((1 - u) * np.tanh(b_wn + sigma(x_r + h_r + b_r) * (h_n + b_bn) + x_n) + u * h,)


CELLS: list[tuple[Any, Any]] = [
    (SimpleRNN(*SIZES), rnn),
    (LSTM(*SIZES), lstm),
    (LSTM(*SIZES, proj_size=3), lstm),
    (GRU(*SIZES), gru),
]
IDS = [short(cell) for cell, _ in CELLS]


def drawn(cell: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    found = {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}
    for name in found:
        if name.endswith("recurrent_bias"):
            found[name][:-HIDDEN] = 0
    return found


@pytest.mark.parametrize(("cell", "step"), CELLS, ids=IDS)
def test_the_step_in_the_source_gives_what_the_oracle_gives(cell: Any, step: Any) -> None:
    params, rng = drawn(cell), np.random.default_rng(1)
    x = rng.standard_normal((BATCH, TIME, INPUT))
    start = tuple(rng.standard_normal((BATCH, size)) for size in cell.state_sizes)
    run, state = forward(cell, params, x, initial_state=start), start
    weights = {name: array[0] for name, array in ncnn.dump(cell, params).items()}
    for t in range(TIME):
        state = step(x[:, t], state, weights)
        error = np.abs(state[0] - run.outputs[:, t]).max() / max(1.0, np.abs(state[0]).max())
        assert error < 64 * 2.0**-52, f"step {t}: off by {error}"


@pytest.mark.parametrize(("cell", "step"), CELLS, ids=IDS)
def test_weights_of_one_direction_and_of_both_come_back_to_the_bit(cell: Any, step: Any) -> None:
    for each in (cell, Stack((Layer(cell, cell),))):
        params = drawn(each)
        arrays = ncnn.dump(each, params)
        assert {array.shape[0] for array in arrays.values()} == {2 if isinstance(each, Stack) else 1}
        back = ncnn.load(each, arrays)
        assert list(back) == list(each.parameter_shapes)
        assert all(np.array_equal(back[name], value) for name, value in params.items())


def test_the_forward_direction_stands_first() -> None:
    cell = LSTM(*SIZES)
    both = Stack((Layer(cell, cell),))
    params = drawn(both)
    own = {name: params["l0_reverse." + name] for name in cell.parameter_shapes}
    for name, array in ncnn.dump(cell, own).items():
        assert np.array_equal(ncnn.dump(both, params)[name][1], array[0]), name


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (LSTM(*SIZES, use_bias=False), "layouts.convert folds biases"),
        (GRU(*SIZES, use_recurrent_bias=False), "layouts.convert folds biases"),
        (GRU(*SIZES, reset_after=False), "cell.reset_after: expected True"),
        (LSTM(*SIZES, peepholes=True), "cell.peepholes: expected none"),
        (Stack((Layer(LSTM(2, 3)),)), "one layer, both directions"),
        (Stack((Layer(LSTM(2, 3), LSTM(2, 3)), Layer(LSTM(6, 3), LSTM(6, 3)))), "one layer, both directions"),
    ],
    ids=["no bias", "no inner bias", "reset before", "peepholes", "one direction", "two layers"],
)
def test_what_ncnn_has_not_is_refused(cell: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        ncnn.dump(cell, drawn(cell))


def test_a_recurrent_bias_outside_the_reset_product_is_refused_with_the_way_out() -> None:
    cell = GRU(*SIZES)
    with pytest.raises(InvalidArgument, match=r"layouts\.convert to this layout's name folds them"):
        ncnn.dump(cell, drawn(cell) | {"recurrent_bias": np.ones(3 * HIDDEN)})
