"""Flax, Equinox, MLX and Haiku: each library's step, written out from its documentation, gives what the oracle gives.

The steps take the library's own arrays by name, so a gate, a transposition, a sign or a bias out of place shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, SimpleRNN, forward
from ..layouts import equinox, flax, haiku, mlx
from .support import short

BATCH, TIME, INPUT, HIDDEN = 3, 4, 2, 5
Step = Callable[[Any, Any, Any], Any]


def sigma(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def simple(x: Any, h: Any, w: Any) -> Any:
    """flax.linen.SimpleCell and flax.nnx.SimpleCell: h' = tanh(W_i x + b_i + W_h h)."""
    i, o = ("i", "h") if "i.kernel" in w else ("dense_i", "dense_h")
    return (np.tanh(x @ w[f"{i}.kernel"] + w[f"{i}.bias"] + h[0] @ w[f"{o}.kernel"]),)


def linen_lstm(x: Any, state: Any, w: Any) -> Any:
    h, c = state
    i, f, g, o = (x @ w[f"i{k}.kernel"] + h @ w[f"h{k}.kernel"] + w[f"h{k}.bias"] for k in "ifgo")
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


def nnx_lstm(x: Any, state: Any, w: Any) -> Any:
    h, c = state
    y = x @ w["dense_i.kernel"] + h @ w["dense_h.kernel"] + w["dense_h.bias"]
    i, f, g, o = np.split(y, 4, axis=-1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


def linen_gru(x: Any, state: Any, w: Any) -> Any:
    (h,) = state
    r = sigma(x @ w["ir.kernel"] + w["ir.bias"] + h @ w["hr.kernel"])
    z = sigma(x @ w["iz.kernel"] + w["iz.bias"] + h @ w["hz.kernel"])
    n = np.tanh(x @ w["in.kernel"] + w["in.bias"] + r * (h @ w["hn.kernel"] + w["hn.bias"]))
    return ((1 - z) * n + z * h,)


def nnx_gru(x: Any, state: Any, w: Any) -> Any:
    (h,) = state
    (x_r, x_z, x_n), (h_r, h_z, h_n) = (
        np.split(y, 3, axis=-1) for y in (x @ w["dense_i.kernel"] + w["dense_i.bias"], h @ w["dense_h.kernel"])
    )
    z = sigma(x_z + h_z)
    return ((1 - z) * np.tanh(x_n + sigma(x_r + h_r) * h_n) + z * h,)


def equinox_lstm(x: Any, state: Any, w: Any) -> Any:
    h, c = state
    i, f, g, o = np.split(x @ w["weight_ih"].T + h @ w["weight_hh"].T + w["bias"], 4, axis=-1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


def equinox_gru(x: Any, state: Any, w: Any) -> Any:
    (h,) = state
    i_r, i_z, i_n = np.split(x @ w["weight_ih"].T + w["bias"], 3, axis=-1)
    h_r, h_z, h_n = np.split(h @ w["weight_hh"].T, 3, axis=-1)
    n = np.tanh(i_n + sigma(i_r + h_r) * (h_n + w["bias_n"]))
    return (n + sigma(i_z + h_z) * (h - n),)


def mlx_rnn(x: Any, state: Any, w: Any) -> Any:
    return (np.tanh(w["bias"] + x @ w["Wxh"].T + state[0] @ w["Whh"].T),)


def mlx_lstm(x: Any, state: Any, w: Any) -> Any:
    return equinox_lstm(x, state, {"weight_ih": w["Wx"], "weight_hh": w["Wh"], "bias": w["bias"]})


def mlx_gru(x: Any, state: Any, w: Any) -> Any:
    named = {"weight_ih": w["Wx"], "weight_hh": w["Wh"], "bias": w["b"], "bias_n": w["bhn"]}
    return equinox_gru(x, state, named)


def haiku_rnn(x: Any, state: Any, w: Any) -> Any:
    return (np.maximum(x @ w["linear.w"] + w["linear.b"] + state[0] @ w["linear_1.w"] + w["linear_1.b"], 0),)


def haiku_lstm(x: Any, state: Any, w: Any) -> Any:
    h, c = state
    i, g, f, o = np.split(np.concatenate([x, h], axis=-1) @ w["linear.w"] + w["linear.b"], 4, axis=-1)
    c = sigma(f + 1) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


def haiku_gru(x: Any, state: Any, w: Any) -> Any:
    (h,) = state
    (x_z, x_r, x_a), (w_z, w_r, w_a) = np.split(x @ w["w_i"] + w["b"], 3, axis=-1), np.split(w["w_h"], 3, axis=-1)
    z, r = sigma(x_z + h @ w_z), sigma(x_r + h @ w_r)
    return ((1 - z) * h + z * np.tanh(x_a + (r * h) @ w_a),)


SIZES = (INPUT, HIDDEN)
LIBRARIES: list[tuple[Any, Any, Step, dict[str, str]]] = [
    (flax, SimpleRNN(*SIZES), simple, {}),
    (flax, SimpleRNN(*SIZES), simple, {"form": "nnx"}),
    (flax, LSTM(*SIZES), linen_lstm, {}),
    (flax, LSTM(*SIZES), nnx_lstm, {"form": "nnx"}),
    (flax, GRU(*SIZES), linen_gru, {}),
    (flax, GRU(*SIZES, use_recurrent_bias=False), nnx_gru, {"form": "nnx"}),
    (equinox, LSTM(*SIZES), equinox_lstm, {}),
    (equinox, GRU(*SIZES), equinox_gru, {}),
    (mlx, SimpleRNN(*SIZES), mlx_rnn, {}),
    (mlx, LSTM(*SIZES), mlx_lstm, {}),
    (mlx, GRU(*SIZES), mlx_gru, {}),
    (haiku, SimpleRNN(*SIZES, activation="relu", use_recurrent_bias=True), haiku_rnn, {}),
    (haiku, LSTM(*SIZES, forget_bias=1.0), haiku_lstm, {}),
    (haiku, GRU(*SIZES, reset_after=False, use_recurrent_bias=False), haiku_gru, {}),
]
IDS = [f"{step.__name__}, {short(cell)}" for _, cell, step, _ in LIBRARIES]


def drawn(layout: Any, cell: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    params = {name: rng.standard_normal(shape) for name, shape in cell.parameter_shapes.items()}
    if layout is not haiku and "recurrent_bias" in params:
        params["recurrent_bias"][: -cell.hidden_size] = 0
    return params


@pytest.mark.parametrize(("layout", "cell", "step", "form"), LIBRARIES, ids=IDS)
def test_the_librarys_step_gives_what_the_oracle_gives(
    layout: Any, cell: Any, step: Step, form: dict[str, str]
) -> None:
    params, rng = drawn(layout, cell), np.random.default_rng(1)
    x = rng.standard_normal((BATCH, TIME, INPUT))
    start = tuple(rng.standard_normal((BATCH, size)) for size in cell.state_sizes)
    run, weights, state = forward(cell, params, x, initial_state=start), layout.dump(cell, params, **form), start
    for t in range(TIME):
        state = step(x[:, t], state, weights)
        error = np.abs(state[0] - run.outputs[:, t]).max() / max(1.0, np.abs(state[0]).max())
        assert error < 64 * 2.0**-52, f"step {t}: off by {error}"


@pytest.mark.parametrize(("layout", "cell", "step", "form"), LIBRARIES, ids=IDS)
def test_weights_and_states_come_back_to_the_bit(layout: Any, cell: Any, step: Step, form: dict[str, str]) -> None:
    params = drawn(layout, cell)
    back = layout.load(cell, layout.dump(cell, params, **form), **form)
    assert list(back) == list(cell.parameter_shapes)
    assert all(np.array_equal(back[name], value) for name, value in params.items())
    state = tuple(np.random.default_rng(2).standard_normal((BATCH, size)) for size in cell.state_sizes)
    again = layout.load_state(cell, layout.dump_state(cell, state))
    assert all(np.array_equal(a, b) for a, b in zip(again, state, strict=True))


def test_flax_carries_the_cell_state_first() -> None:
    h, c = np.zeros((BATCH, HIDDEN)), np.ones((BATCH, HIDDEN))
    carry = flax.dump_state(LSTM(*SIZES), (h, c))
    assert np.array_equal(carry[0], c)
    assert np.array_equal(carry[1], h)


REFUSED = [
    (flax, LSTM(*SIZES, use_bias=False), "cell.use_bias: expected True"),
    (flax, GRU(*SIZES, use_recurrent_bias=False), "layouts.convert folds"),
    (flax, GRU(*SIZES, reset_after=False, use_recurrent_bias=False), "cell.reset_after: expected True"),
    (flax, LSTM(*SIZES, peepholes=True), "cell.peepholes"),
    (equinox, SimpleRNN(*SIZES), "expected one of LSTM, GRU"),
    (equinox, LSTM(*SIZES, use_recurrent_bias=True), "layouts.convert folds"),
    (mlx, GRU(*SIZES, reset_after=False, use_recurrent_bias=False), "cell.reset_after: expected True"),
    (mlx, LSTM(*SIZES, forget_bias=1.0), "cell.forget_bias"),
    (haiku, LSTM(*SIZES), "cell.forget_bias: expected 1"),
    (haiku, GRU(*SIZES), "cell.reset_after"),
    (haiku, GRU(*SIZES, reset_after=False), "layouts.convert folds"),
    (haiku, SimpleRNN(*SIZES, use_bias=False), "cell.use_bias: expected True"),
]


@pytest.mark.parametrize(("layout", "cell", "words"), REFUSED)
def test_a_cell_that_the_library_has_not_is_refused_with_the_way_out(layout: Any, cell: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        layout.dump(cell, drawn(layout, cell))
