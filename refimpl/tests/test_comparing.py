"""The verdict on arrays of one's own: what agrees, what is improbable, what is wrong, and what nobody can say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, InvalidArgument, Layer, SimpleRNN, Stack, Verdict, assert_agrees, backward, compare, forward
from ..comparing import LIMIT
from ..looks import SUSPECTED, bound_asked_from
from .support import STACKS, AnyCell, Example, both_ways, each_cell, example, in_dtype, run
from .test_spread import each_kind, gone_wild, in_float32, ordinary

ONE = np.ones(1)


def given(e: Example, dtype: Any = np.float32, **changed: Any) -> dict[str, Any]:
    """What an implementation returns that computes the example in a dtype as NumPy does."""
    over, gradients = both_ways(replace(in_dtype(e, dtype), **changed))
    return {
        "outputs": over.outputs,
        "state": over.state,
        "gates": over.gates,
        "gradients": gradients,
        "d_outputs": e.d_outputs,
        "d_state": e.d_state,
        "dtype": np.dtype(dtype).name,
    }


def verdict(e: Example, **what: Any) -> Verdict:
    return compare(run(e), **what)


# --- what agrees ------------------------------------------------------------------------------------------------------


@each_cell
def test_the_oracles_own_float32_agrees(cell: AnyCell) -> None:
    e = example(cell, seed=0)
    found = verdict(e, **given(e))
    assert found.agrees, str(found)
    assert found.numbers > 100
    assert_agrees(run(e), **given(e))


@each_kind
def test_ordinary_cases_raise_no_false_alarm(cell: AnyCell) -> None:
    for seed in range(40):
        e = ordinary(cell, seed)
        found = verdict(e, **given(e))
        assert found.agrees, str(found)


def test_the_oracle_itself_agrees_to_the_last_bit_in_float64() -> None:
    e = ordinary(LSTM(6, 9), 0)
    found = verdict(e, **given(e, np.float64))
    assert found.agrees
    assert all(each.deviations == 0 for each in found.comparisons)


def test_a_run_in_float32_is_compared_in_float64() -> None:
    e = ordinary(LSTM(6, 9), 0)
    narrow = forward(e.cell, {n: a.astype(np.float32) for n, a in e.params.items()}, e.x.astype(np.float32))
    wide = forward(e.cell, e.params, e.x)
    assert compare(narrow, outputs=narrow.outputs).agrees
    np.testing.assert_array_equal(compare(narrow, outputs=wide.outputs, dtype="float64").comparisons[0].deviations, 0.0)


def test_only_what_is_given_is_compared() -> None:
    e = example(STACKS["two layers"], seed=0)
    got = given(e)
    some = compare(run(e), state=(None, got["state"][1], None), gates={"l0.i": got["gates"]["l0.i"]})
    assert [each.quantity for each in some.comparisons] == ["state.l0.c", "gates.l0.i"]
    gradients = {"params": {"l1.bias": got["gradients"].params["l1.bias"]}, "x": None}
    only = compare(run(e), gradients=gradients, d_outputs=e.d_outputs, d_state=e.d_state)
    assert [each.quantity for each in only.comparisons] == ["d_params.l1.bias"]
    assert only.agrees


# --- what does not ----------------------------------------------------------------------------------------------------


@each_kind
def test_a_weight_that_is_off_by_a_hundred_thousandth_is_mostly_seen_in_float32(cell: AnyCell) -> None:
    seen = 0
    for seed in range(20):
        e, rng = ordinary(cell, seed), np.random.default_rng(seed)
        kernel = e.params["recurrent_kernel"].astype(np.float32)
        kernel[tuple(rng.integers(kernel.shape))] *= np.float32(1 + 1e-5)
        params = {name: a.astype(np.float32) for name, a in e.params.items()} | {"recurrent_kernel": kernel}
        seen += not verdict(e, **given(e, params=params)).agrees
    assert seen >= 8


@each_kind
def test_an_element_of_a_gradient_that_is_off_by_a_hundred_thousandth_is_nearly_always_seen(cell: AnyCell) -> None:
    seen = 0
    for seed in range(20):
        e, rng = ordinary(cell, seed), np.random.default_rng(seed)
        got = given(e)
        kernel = got["gradients"].params["recurrent_kernel"]
        kernel[tuple(rng.integers(kernel.shape))] *= np.float32(1 + 1e-5)
        seen += not verdict(e, **got).agrees
    assert seen >= 16


def test_what_lies_beyond_its_bound_is_wrong_and_the_message_says_where_and_by_how_much() -> None:
    e = ordinary(LSTM(6, 9), 0, time=3)
    got = given(e)
    got["outputs"] = got["outputs"].copy()
    got["outputs"][1, 2, 3] += 0.125
    found = verdict(e, **got)
    (worst,) = found.disagreements
    assert (worst.quantity, worst.index, worst.verdict) == ("outputs", (1, 2, 3), "wrong")
    assert worst.bound is not None
    assert worst.bound < 0.125 < worst.deviations
    with pytest.raises(AssertionError) as raised:
        assert_agrees(run(e), **got)
    message = str(raised.value)
    for part in (
        "outputs[1, 2, 3]",
        "wrong",
        f"expected {worst.expected!r}",
        f"got {worst.got!r}",
        "deviations",
        "probability",
        "proven bound",
        "float32",
    ):
        assert part in message, message


def test_few_roundings_beyond_their_bound_are_wrong_though_few_deviations_off() -> None:
    """Without an activation that errs a number may come from few operations; of others that is not asked."""
    e = ordinary(SimpleRNN(6, 9, activation="linear"), 0, time=1, batch=1)
    e = replace(e, params=e.params | {"recurrent_kernel": 0 * e.params["recurrent_kernel"]})
    gradients = backward(run(e), e.d_outputs)
    what: dict[str, Any] = {"gradients": gradients, "d_outputs": e.d_outputs}
    spot = next(c for c in verdict(e, **what, proven=True).comparisons if c.quantity == "d_params.bias")
    assert spot.bound is not None
    assert spot.bound < 0.9 * SUSPECTED * spot.deviation
    for beyond, said in ((0.9, "agrees"), (1.1, "wrong")):
        bias = gradients.params["bias"].copy()
        bias[spot.index] += beyond * spot.bound
        changed = replace(gradients, params=gradients.params | {"bias": bias})
        found = verdict(e, **(what | {"gradients": changed}))
        assert next(c for c in found.comparisons if c.quantity == "d_params.bias").verdict == said


def test_what_lies_within_its_bound_and_improbably_far_off_is_improbable() -> None:
    e = ordinary(LSTM(6, 9), 0, time=12)
    got = given(e)
    clean = verdict(e, **got, proven=True)
    spot = next(each for each in clean.comparisons if each.quantity == "d_params.recurrent_kernel")
    assert spot.bound is not None
    kernel = got["gradients"].params["recurrent_kernel"]
    kernel[spot.index] = np.float32(spot.expected + 30 * spot.deviation)
    assert 30 * spot.deviation < spot.bound, "the bound would see it"
    found = verdict(e, **got)
    (worst,) = found.disagreements
    assert (worst.verdict, worst.index) == ("improbable", spot.index)
    assert worst.probability < LIMIT
    assert 15 < worst.deviations < 45


def test_what_is_unlikely_and_not_improbable_agrees() -> None:
    """One of a thousand numbers may well be some five deviations off, once in some hundred runs."""
    e = ordinary(LSTM(6, 9), 0, time=12)
    got = given(e)
    found = verdict(e, **got)
    spot = next(each for each in found.comparisons if each.quantity == "d_params.recurrent_kernel")
    got["gradients"].params["recurrent_kernel"][spot.index] = np.float32(spot.expected + 7 * spot.deviation)
    found = verdict(e, **got)
    assert found.agrees, str(found)
    spot = next(each for each in found.comparisons if each.quantity == "d_params.recurrent_kernel")
    assert LIMIT < spot.probability < 0.1


def test_the_bound_is_asked_for_where_some_number_is_suspect_or_the_caller_wants_it() -> None:
    e = ordinary(LSTM(6, 9), 0, time=3)
    got = given(e)
    calm, wanted = verdict(e, **got), verdict(e, **got, proven=True)
    assert max(each.deviations for each in calm.comparisons) < SUSPECTED
    assert all(each.bound is None for each in calm.comparisons)
    assert all(each.bound is not None for each in wanted.comparisons)


@pytest.mark.parametrize("scale", [1e-280, 1e-200, 1e-150, 1e-134, 1e-100, 1.0, 1e100, 1e150, 1e160, 1e300])
def test_numbers_of_any_size_are_held_to_their_own(scale: float) -> None:
    """Float64 cannot square the errors of the smallest and largest: there the bound decides."""
    cell = SimpleRNN(2, 3, activation="linear", use_bias=False)
    over = forward(cell, cell.init(np.random.default_rng(0)), np.full((1, 2, 2), scale))
    for factor, agrees in ((1.0, True), (1 + 2e-16, True), (1 + 1e-13, False), (-7.0, False)):
        found = compare(over, outputs=factor * over.outputs, dtype="float64")
        assert (found.agrees, found.numbers) == (agrees, 6), f"{factor}: {found}"


@pytest.mark.parametrize("cell", [LSTM(2, 3), GRU(2, 3)], ids=lambda cell: type(cell).__name__)
@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_gradients_of_any_size_are_held_to_their_own(cell: Any, scale: float) -> None:
    over = forward(cell, cell.init(np.random.default_rng(0)), np.ones((2, 3, 2)))
    d_outputs = np.full(over.outputs.shape, scale)
    found = backward(over, d_outputs)
    assert compare(over, gradients=found, d_outputs=d_outputs, dtype="float64").agrees
    turned = {"params": {name: -gradient for name, gradient in found.params.items()}, "x": 0 * found.x}
    wrong = compare(over, gradients=turned, d_outputs=d_outputs, dtype="float64").disagreements
    assert len(wrong) == len(found.params) + 1
    assert {each.verdict for each in wrong} == {"wrong"}
    assert "which no samples tell; proven bound" in str(wrong[0])


def test_gradients_through_saturated_units_are_not_held_to_errors_of_first_order() -> None:
    """A tanh of 10 is 1, or the number before it: its slope is 8e-9, or 1e-7, and five of these are multiplied."""
    cell, time = SimpleRNN(1, 1), 5
    params = {"kernel": np.full((1, 1), 1e-3), "recurrent_kernel": np.full((1, 1), 16.0), "bias": np.array([-6.0])}
    over = forward(cell, params, np.zeros((1, time, 1)), (np.ones((1, 1)),))
    d_outputs = np.zeros((1, time, 1))
    d_outputs[:, -1] = 1.0
    slope = 1 - (1 - 2.0**-24) ** 2
    d_x = np.array([[[1e-3 * slope * (16 * slope) ** (time - 1 - t)] for t in range(time)]])
    found = compare(over, gradients={"x": d_x}, d_outputs=d_outputs)
    assert np.abs(d_x[0, 0] / backward(over, d_outputs).x[0, 0]) > 1e5, "nothing was amplified"
    assert found.agrees, str(found)
    assert not compare(over, gradients={"x": 1e4 * d_x}, d_outputs=d_outputs).agrees


def test_where_there_are_no_numbers_nothing_is_said_to_be_chaotic() -> None:
    cell = GRU(2, 3)
    over = forward(cell, cell.init(np.random.default_rng(0)), np.zeros((0, 5, 2)))
    found = compare(over, outputs=np.zeros((0, 5, 3)))
    assert (found.agrees, str(found)) == (False, "nothing was compared: there are no numbers")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"gates": {"q": ONE}}, "gates: expected a mapping with some of the keys .*, got the keys q$"),
        (
            {"gradients": {"kernel": ONE}},
            "gradients: .* some of the keys params, x, initial_state, got the keys kernel$",
        ),
        (
            {"gradients": {"params": {"kernal": ONE}}},
            "gradients.params: .*some of the keys kernel, .*, got the keys kernal$",
        ),
        ({"gates": ONE}, "gates: expected a mapping with some of the keys .*, got float64"),
    ],
)
def test_a_name_that_nobody_knows_is_told_beside_those_that_are_known(given: Any, told: str) -> None:
    e = ordinary(GRU(6, 9), 0, time=3)
    with pytest.raises(InvalidArgument, match=told):
        compare(run(e), **given, d_outputs=e.d_outputs)


@pytest.mark.parametrize(
    ("activations", "asked_from"),
    [(("tanh",), SUSPECTED), (("linear",), 1.7), (("linear", "tanh"), 1.7), (("tanh", "relu"), 1.7)],
)
def test_it_is_asked_for_from_fewer_deviations_on_where_the_activations_of_some_layer_err_not(
    activations: tuple[str, ...], asked_from: float
) -> None:
    layers = tuple(Layer(SimpleRNN(3, 3, activation=each)) for each in activations)
    assert bound_asked_from(Stack(layers)) == asked_from


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_wrong(value: float) -> None:
    e = ordinary(GRU(6, 9), 0, time=3)
    got = given(e)
    got["outputs"] = got["outputs"].copy()
    got["outputs"][0, 1, 2] = value
    (worst,) = verdict(e, **got).disagreements
    assert (worst.verdict, worst.index) == ("wrong", (0, 1, 2))


def test_a_number_that_should_be_exact_and_is_not_is_wrong() -> None:
    e = example(LSTM(2, 3), seed=0)
    options: Any = {"lengths": [5, 0, 2, 3]}
    over = run(e, **options)
    outputs = in_float32(e, **options)["outputs"]
    assert compare(over, outputs=outputs).agrees
    outputs[1, 4, 0] = 1e-6
    (worst,) = compare(over, outputs=outputs).disagreements
    assert (worst.verdict, worst.index, worst.expected) == ("wrong", (1, 4, 0), 0.0)


# --- what is two-fold, and what nobody can say ------------------------------------------------------------------------


def beside_a_kink(by: float) -> tuple[Example, Any]:
    """A relu whose argument at one step, row and unit is ``by``, and a faithful implementation may have ``-by``."""
    e = ordinary(SimpleRNN(6, 9, activation="relu"), 3)
    params = dict(e.params)
    first = e.x[0, 0] @ params["kernel"][:, 0] + e.initial_state[0][0] @ params["recurrent_kernel"][:, 0]
    params["bias"] = params["bias"].copy()
    params["bias"][0] = by - first
    return replace(e, params=params), params["bias"][0]


def test_on_either_side_of_a_kink_gradients_agree_and_between_they_do_not() -> None:
    e, bias = beside_a_kink(1e-9)
    gradients = []
    for by in (1e-9, -1e-9):
        moved = replace(e, params=e.params | {"bias": e.params["bias"] + np.eye(9)[0] * (by - 1e-9)})
        over = run(moved)
        gradients.append(backward(over, e.d_outputs, e.d_state))
        assert compare(run(e), gradients=gradients[-1], d_outputs=e.d_outputs, d_state=e.d_state).agrees, by
    apart = np.abs(gradients[0].params["bias"][0] - gradients[1].params["bias"][0])
    assert apart > 0.01, "the kink makes no difference"
    far = gradients[0].params["bias"].copy()
    far[0] += 10 * apart
    assert not compare(run(e), gradients={"params": {"bias": far}}, d_outputs=e.d_outputs, d_state=e.d_state).agrees
    assert bias != 0


def test_away_from_a_kink_the_other_side_is_refused() -> None:
    e, _ = beside_a_kink(1e-4)
    moved = replace(e, params=e.params | {"bias": e.params["bias"] - np.eye(9)[0] * 2e-4})
    other = backward(run(moved), e.d_outputs, e.d_state)
    assert not compare(run(e), gradients=other, d_outputs=e.d_outputs, d_state=e.d_state).agrees


def test_a_chaotic_case_is_called_chaotic_and_what_comes_before_is_still_compared() -> None:
    wild = gone_wild(ordinary(SimpleRNN(6, 30), 0, time=80))
    found = verdict(wild, **given(wild))
    assert found.agrees, str(found)
    by_name = {each.quantity: each for each in found.comparisons}
    assert by_name["d_params.kernel"].verdict == "chaotic"
    assert by_name["outputs"].chaotic > by_name["outputs"].numbers > 0
    got = given(wild)
    got["outputs"] = got["outputs"].copy()
    got["outputs"][:, 1] += 1e-2
    assert not verdict(wild, **got).agrees


def test_where_everything_is_chaotic_nothing_agrees() -> None:
    wild = gone_wild(ordinary(SimpleRNN(6, 30), 0, time=80))
    with pytest.raises(AssertionError, match="chaotic"):
        assert_agrees(run(wild), state=given(wild)["state"])


# --- refusals ---------------------------------------------------------------------------------------------------------

WRONG_ARGUMENTS: dict[str, dict[str, Any]] = {
    "outputs, state, gates, gradients": {},
    "outputs": {"outputs": np.zeros((4, 5, 4))},
    "outputs: expected an array": {"outputs": np.zeros((4, 5, 3), int)},
    "state": {"state": (np.zeros((4, 3)),)},
    "gates": {"gates": {"k": np.zeros((4, 5, 3))}},
    "gates: expected a mapping": {"gates": [1]},
    "gradients": {"gradients": {"kernel": np.zeros((2, 12))}},
    "gradients.params": {"gradients": {"params": {"weight": np.zeros(3)}}},
    "d_outputs, d_state": {"gradients": {"x": np.zeros((4, 5, 2))}},
    "dtype": {"outputs": np.zeros((4, 5, 3)), "dtype": "float128"},
}


@pytest.mark.parametrize(("match", "arguments"), WRONG_ARGUMENTS.items(), ids=WRONG_ARGUMENTS)
def test_bad_input_is_refused(match: str, arguments: dict[str, Any]) -> None:
    e = example(LSTM(2, 3), seed=0)
    with pytest.raises(InvalidArgument, match=match):
        compare(run(e), **arguments)


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="run"):
        compare("run", outputs=np.zeros(3))  # type: ignore[arg-type]
