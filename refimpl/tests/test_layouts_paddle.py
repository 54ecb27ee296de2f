"""PaddlePaddle: its step, written out from its documentation, gives what the oracle gives from the same tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack, forward
from ..layouts import paddle, pytorch
from .support import short

BATCH, TIME, INPUT, HIDDEN = 3, 4, 2, 5
SIZES = (INPUT, HIDDEN)


def sigma(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def products(x: Any, h: Any, w: Any) -> tuple[Any, Any]:
    given = x @ w["weight_ih_l0"].T + w.get("bias_ih_l0", 0)
    return given, h @ w["weight_hh_l0"].T + w.get("bias_hh_l0", 0)


def simple(x: Any, state: Any, w: Any) -> Any:
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    return (np.tanh(sum(products(x, state[0], w))),)


def lstm(x: Any, state: Any, w: Any) -> Any:
    """Gates i f g o; with ``proj_size``, h' = h W."""
    h, c = state
    i, f, g, o = np.split(sum(products(x, h, w)), 4, axis=-1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    h = sigma(o) * np.tanh(c)
    return (h @ w["weight_ho_l0"] if "weight_ho_l0" in w else h), c


def gru(x: Any, state: Any, w: Any) -> Any:
    """Gates r z c; h' = z h + (1 - z) c, the reset gate outside the product and its bias."""
    (h,) = state
    (x_r, x_z, x_c), (h_r, h_z, h_c) = (np.split(part, 3, axis=-1) for part in products(x, h, w))
    z = sigma(x_z + h_z)
    return (z * h + (1 - z) * np.tanh(x_c + sigma(x_r + h_r) * h_c),)


BIASES = [{"use_bias": a, "use_recurrent_bias": b} for a in (True, False) for b in (True, False)]
KINDS: list[tuple[Any, Any, dict[str, Any]]] = [
    (SimpleRNN, simple, {}),
    (LSTM, lstm, {}),
    (LSTM, lstm, {"proj_size": 3}),
    (GRU, gru, {}),
]
CELLS = [(make(*SIZES, **biases, **more), step) for make, step, more in KINDS for biases in BIASES]
IDS = [short(cell) for cell, _ in CELLS]


def drawn(cell: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}


@pytest.mark.parametrize(("cell", "step"), CELLS, ids=IDS)
def test_the_documented_step_gives_what_the_oracle_gives(cell: Any, step: Any) -> None:
    params, rng = drawn(cell), np.random.default_rng(1)
    x = rng.standard_normal((BATCH, TIME, INPUT))
    start = tuple(rng.standard_normal((BATCH, size)) for size in cell.state_sizes)
    run, weights, state = forward(cell, params, x, initial_state=start), paddle.dump(cell, params), start
    for t in range(TIME):
        state = step(x[:, t], state, weights)
        error = np.abs(state[0] - run.outputs[:, t]).max() / max(1.0, np.abs(state[0]).max())
        assert error < 64 * 2.0**-52, f"step {t}: off by {error}"


@pytest.mark.parametrize(("cell", "step"), CELLS, ids=IDS)
def test_weights_come_back_to_the_bit(cell: Any, step: Any) -> None:
    params = drawn(cell)
    for suffix in ("_l0", "", "_l1_reverse"):
        back = paddle.load(cell, paddle.dump(cell, params, suffix), suffix)
        assert list(back) == list(cell.parameter_shapes)
        assert all(np.array_equal(back[name], value) for name, value in params.items())


def test_a_stack_has_the_names_of_pytorchs_but_for_the_projection() -> None:
    def layer(size: int) -> Layer:
        cell = LSTM(size, HIDDEN, proj_size=3, use_recurrent_bias=True)
        return Layer(cell, cell)

    stack = Stack((layer(INPUT), layer(6)))
    params = drawn(stack)
    ours, theirs = paddle.dump(stack, params), pytorch.dump(stack, params)
    assert set(ours) == {name.replace("weight_hr", "weight_ho") for name in theirs}
    for name, value in theirs.items():
        got = ours[name.replace("weight_hr", "weight_ho")]
        assert np.array_equal(got, value.T if "weight_hr" in name else value), name
    back = paddle.load(stack, ours)
    assert all(np.array_equal(back[name], value) for name, value in params.items())


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (GRU(*SIZES, reset_after=False), "cell.reset_after: expected True"),
        (LSTM(*SIZES, peepholes=True), "cell.peepholes: expected none"),
        (LSTM(*SIZES, forget_bias=1.0), "cell.forget_bias: expected none"),
        (Stack((Layer(GRU(2, 3), GRU(2, 4)),)), "as PaddlePaddle has it"),
    ],
    ids=["reset before", "peepholes", "forget bias", "two sizes"],
)
def test_what_paddle_has_not_is_refused(cell: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        paddle.dump(cell, drawn(cell))
