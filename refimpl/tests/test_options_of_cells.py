"""The laws of the options: what each equals, written with the others, or when it does nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, SimpleRNN, backward, forward
from ..rounding import bound, gradient_bound
from .support import (
    CELLS,
    HIDDEN,
    INPUT,
    WIDE,
    Example,
    Parts,
    assert_same,
    assert_within,
    both_ways,
    bounds_of,
    each_seed,
    example,
    parts,
    run,
    short,
)

LSTMS = [cell for cell in CELLS if isinstance(cell, LSTM)]
each_lstm = pytest.mark.parametrize("cell", LSTMS, ids=short)


def limits(e: Example) -> Parts:
    over = run(e)
    return bounds_of(over, np.float64, e.d_outputs, e.d_state)


def everything(e: Example) -> Parts:
    over, grads = both_ways(e)
    return parts(over) | parts(grads)


def block(a: Any, name: str, order: str = "ifgo") -> Any:
    width = a.shape[-1] // len(order)
    return a[..., order.index(name) * width : (order.index(name) + 1) * width]


def with_block(a: Any, name: str, value: Any, order: str = "ifgo") -> Any:
    found = a.copy()
    block(found, name, order)[...] = value
    return found


ORDERS = {"peepholes": "ifo"}


@pytest.mark.parametrize("peepholes", [False, True])
@each_seed
def test_a_coupled_forget_gate_is_that_of_an_lstm_whose_forget_weights_are_minus_its_inputs(
    peepholes: bool, seed: int
) -> None:
    """As ``sigmoid(-a) = 1 - sigmoid(a)``."""
    e = example(LSTM(INPUT, HIDDEN, use_recurrent_bias=True, peepholes=peepholes, input_forget=True), seed)
    orders = {name: ORDERS.get(name, "ifgo") for name in e.params}
    params = {n: with_block(a, "f", -block(a, "i", orders[n]), orders[n]) for n, a in e.params.items()}
    twin = replace(e, cell=replace(e.cell, input_forget=False), params=params)  # type: ignore[type-var]
    got, expected = everything(e), everything(twin)
    rounding, of_twin = limits(e), limits(twin)
    for name, order in orders.items():
        key = f"params[{name!r}]"
        d, d_bound = expected[key], of_twin[key]
        through = block(d, "i", order) - block(d, "f", order)
        expected[key] = with_block(with_block(d, "i", through, order), "f", 0.0, order)
        error = block(d_bound, "i", order) + block(d_bound, "f", order) + 2.0**-53 * np.abs(through)
        of_twin[key] = with_block(d_bound, "i", error, order)
    assert_within(e.case, got, expected, rounding, of_twin)


@pytest.mark.parametrize("cell", [cell for cell in LSTMS if cell.input_forget], ids=short)
def test_the_weights_of_a_coupled_forget_gate_do_nothing(cell: LSTM) -> None:
    e = example(cell, seed=0)
    other = {n: with_block(a, "f", 7.0, ORDERS.get(n, "ifgo")) for n, a in e.params.items() if n != "projection_kernel"}
    got, expected = everything(replace(e, params=e.params | other)), everything(e)
    assert_same(e.case, *({n: a for n, a in found.items() if n != "gates['a']"} for found in (got, expected)))
    for name in other:
        d = block(got[f"params[{name!r}]"], "f", ORDERS.get(name, "ifgo"))
        assert_same(e.case, {name: d}, {name: np.zeros_like(d)})


def test_a_coupled_forget_gate_is_what_the_input_gate_leaves() -> None:
    gates = run(example(LSTM(INPUT, HIDDEN, input_forget=True), seed=0)).gates
    assert_same("input_forget", {"f": gates["f"]}, {"f": 1 - gates["i"]})


@each_seed
def test_a_forget_bias_is_a_bias_of_the_forget_gate(seed: int) -> None:
    e = example(LSTM(INPUT, HIDDEN, forget_bias=0.75), seed)
    params = e.params | {"bias": with_block(e.params["bias"], "f", block(e.params["bias"], "f") + 0.75)}
    twin = replace(e, cell=LSTM(INPUT, HIDDEN), params=params)
    assert_within(e.case, everything(e), everything(twin), limits(e), limits(twin))


@each_seed
def test_a_projected_hidden_state_is_that_of_a_wider_recurrent_kernel(seed: int) -> None:
    """An LSTM whose recurrent kernel is P U has the same cell states, and h before the projection."""
    e = example(LSTM(INPUT, WIDE, proj_size=HIDDEN), seed)
    projection = e.params["projection_kernel"]
    whole = np.random.default_rng(seed).integers(-8, 8, (len(e.x), WIDE)) / 8
    recurrent = projection @ e.params["recurrent_kernel"]  # exact: so few bits
    plain = LSTM(INPUT, WIDE)
    params = {"kernel": e.params["kernel"], "recurrent_kernel": recurrent, "bias": e.params["bias"]}
    over = forward(plain, params, e.x, (whole, e.initial_state[1]))
    projected = replace(e, initial_state=(whole @ projection, e.initial_state[1]))
    got, rounding = run(projected), limits(projected)
    of_plain = parts(bound(over, np.float64))
    expected = parts(over)
    for name in ("outputs", "state[0]"):
        of_plain[name] = of_plain[name] @ np.abs(projection) + 2.0**-50 * (np.abs(expected[name]) @ np.abs(projection))
        expected[name] = expected[name] @ projection
    assert_within(e.case, parts(got), expected, of_plain, {name: rounding[name] for name in of_plain})


@each_lstm
def test_peepholes_of_zero_are_none(cell: LSTM) -> None:
    e = example(replace(cell, peepholes=True), seed=0)
    peepless = {name: a for name, a in e.params.items() if name != "peepholes"}
    zeros = replace(e, params=e.params | {"peepholes": np.zeros_like(e.params["peepholes"])})
    without = replace(e, cell=replace(cell, peepholes=False), params=peepless)
    got = everything(zeros)
    del got["params['peepholes']"]
    assert_same(e.case, got, everything(without))


@each_lstm
def test_an_output_activation_left_out_is_the_activation(cell: LSTM) -> None:
    alone = replace(cell, output_activation=None)
    named = replace(cell, output_activation=cell.activation)
    one, two = (everything(example(each, seed=0)) for each in (alone, named))
    assert_same(str(cell), one, two)


@pytest.mark.parametrize("cell", CELLS, ids=short)
def test_a_clip_that_nothing_reaches_changes_nothing(cell: Cell) -> None:
    one, two = (example(replace(cell, clip=clip), seed=0) for clip in (None, 1e6))  # type: ignore[type-var]
    got, expected = everything(two), everything(one)
    if "gates['a']" not in expected:  # which is kept where something is clipped
        del got["gates['a']"]
    assert_same(str(cell), got, expected)


@pytest.mark.parametrize("cell", [SimpleRNN(INPUT, HIDDEN), LSTM(INPUT, HIDDEN), GRU(INPUT, HIDDEN)], ids=short)
def test_where_every_argument_is_clipped_no_weight_has_a_gradient(cell: Any) -> None:
    e = example(replace(cell, clip=2.0**-30), seed=0)
    over = run(e)
    grads = backward(over, e.d_outputs, e.d_state)
    assert_same(e.case, grads.params, {name: np.zeros_like(a) for name, a in e.params.items()})
    assert_same(e.case, {"x": grads.x}, {"x": np.zeros_like(e.x)})


def test_a_linear_cell_that_is_clipped_stays_within_its_limits() -> None:
    e = example(SimpleRNN(INPUT, HIDDEN, "linear", clip=0.375), seed=0)
    outputs, free = run(e).outputs, run(e).gates["a"]
    assert_same(e.case, {"outputs": outputs}, {"outputs": np.clip(free, -0.375, 0.375)})
    assert {-0.375, 0.375} < set(outputs.ravel().tolist())


def test_a_limit_that_the_precision_cannot_hold_is_bounded() -> None:
    e = example(SimpleRNN(INPUT, HIDDEN, "linear", clip=0.1), seed=0)
    narrow = example(SimpleRNN(INPUT, HIDDEN, "linear", clip=0.1), seed=0, dtype=np.float32)
    over, limit = run(e), bound(run(e), np.float32).outputs
    clipped = np.abs(over.gates["a"]) > 0.1
    off = np.abs(run(narrow).outputs - over.outputs)
    assert (off[clipped] > 0).all()
    assert (off <= limit).all()
    assert (limit < 2.0**-16).all()


def test_where_all_is_clipped_the_bound_on_gradients_knows_that_they_are_zero() -> None:
    e = example(SimpleRNN(INPUT, HIDDEN, clip=2.0**-30), seed=0)
    limit = gradient_bound(run(e), np.float32, e.d_outputs, e.d_state)
    assert (limit.params["kernel"] < 2.0**-100).all()
