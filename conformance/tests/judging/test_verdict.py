"""Comparing and judging: what agrees, what does not, what was not compared, and how it is said."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.common.deferred import Deferred
from conformance.contract import Case, Observed
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.expected import Expected, expect, farthest
from conformance.judging.verdict import Comparison, beside_bound, compare, judge

from ..support import example

ONE = np.array([1.0, -2.0, 4.0])
BOUND = np.array([0.5, 0.25, 0.125])
KINDS = ("SimpleRNN", "LSTM", "GRU")


def verdict_on(got: Any, expected: Any = ONE, bound: Any = BOUND) -> Comparison:
    return compare("outputs", np.asarray(expected), np.asarray(bound), got)


def test_equal_numbers_agree_with_ratio_0() -> None:
    found = verdict_on(ONE.copy())
    assert (found.agrees, found.numbers, found.ratio) == (True, 3, 0.0), str(found)


def test_a_number_on_its_bound_agrees_and_says_how_near_it_came() -> None:
    found = verdict_on([1.0, -2.25, 4.0625])
    assert (found.agrees, found.ratio, found.index) == (True, 1.0, (1,)), str(found)


def test_a_number_beyond_its_bound_disagrees_and_is_named_with_all_that_matters() -> None:
    found = verdict_on([1.25, -2.0, 4.5])
    assert not found.agrees
    assert str(found) == "outputs[2]: expected 4.0, got 4.5, off by 0.5, bound 0.125, ratio 4"


def test_a_bound_of_zero_allows_the_same_number_only() -> None:
    exact = np.zeros(3)
    assert verdict_on(ONE.copy(), bound=exact).agrees
    off = ONE.copy()
    off[1] = np.nextafter(off[1], 0)
    found = verdict_on(off, bound=exact)
    assert (found.agrees, found.ratio, found.index) == (False, np.inf, (1,)), str(found)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_where_a_number_is_due_disagrees(wrong: float) -> None:
    found = verdict_on([1.0, wrong, 4.0])
    assert (found.agrees, found.ratio, found.index) == (False, np.inf, (1,)), str(found)


@pytest.mark.parametrize("got", [ONE[:2], ONE[None], np.float64(1.0), [[1.0], [-2.0], [4.0]]])
def test_another_shape_is_a_problem_even_where_it_would_broadcast(got: Any) -> None:
    found = verdict_on(got)
    assert not found.agrees
    assert str(found) == f"outputs: expected shape (3,), got {np.shape(got)}"


@pytest.mark.parametrize("dtype", ["int64", "bool", "complex128", "object"])
def test_what_is_not_floating_point_is_a_problem(dtype: str) -> None:
    found = verdict_on(ONE.astype(dtype), expected=ONE.astype(dtype).astype(complex).real)
    assert not found.agrees
    assert str(found) == f"outputs: expected floating-point numbers, got {dtype}"


def test_a_number_without_a_bound_is_undecided_and_not_counted_as_compared() -> None:
    found = verdict_on([1.0, 99.0, 4.0], bound=[0.5, np.inf, 0.125])
    assert (found.agrees, found.numbers, found.undecided) == (True, 2, 1), str(found)


@pytest.mark.parametrize("got", [0.0, np.inf, np.nan])
@pytest.mark.parametrize("due", [np.inf, np.nan])
def test_where_the_oracle_itself_has_no_number_whatever_came_is_undecided(due: float, got: float) -> None:
    found = verdict_on([1.0, got, 4.0], expected=[1.0, due, 4.0])
    assert (found.agrees, found.numbers, found.undecided, found.ratio) == (True, 2, 1, 0.0), str(found)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_numbers_whose_errors_float64_cannot_square_are_held_to_their_bounds(scale: float) -> None:
    case = example("SimpleRNN", activation="linear")
    zeros = tuple(np.zeros_like(part) for part in case.initial_state or ())
    params = {name: value * (scale if "bias" in name else 1) for name, value in case.params.items()}
    case = case.replace(x=case.x * scale, params=params, initial_state=zeros, d_outputs=None, d_state=None)
    values = expect(case).values
    assert judge(expect(case), Observed(values)).agrees
    for factor in (1 + 1e-12, -7.0):
        found = judge(expect(case), Observed({**values, "outputs": factor * values["outputs"]}))
        assert [each.quantity for each in found.disagreements] == ["outputs"], found


def test_gradients_through_saturated_units_are_not_held_to_errors_of_first_order() -> None:
    """Case 22,876 of a walk through the oracle's options in float32 was called improbable so."""
    time, given = 5, {"kernel": [[1e-3]], "recurrent_kernel": [[16.0]], "bias": [-6.0]}
    cell = ri.SimpleRNN(1, 1)
    params = {name: np.array(value, np.float32) for name, value in given.items()}
    start, d_outputs = np.ones((1, 1), np.float32), np.zeros((1, time, 1), np.float32)
    d_outputs[:, -1] = 1
    case = Case(cell, params, np.zeros((1, time, 1), np.float32), (start,), d_outputs)
    slope = 1 - (1 - 2.0**-24) ** 2  # that of the number before 1, where the exact one is 8e-9
    d_x = np.array([[[1e-3 * slope * (16 * slope) ** (time - 1 - t)] for t in range(time)]], np.float32)
    found = judge(expect(case), Observed({"d_x": d_x}))
    assert found.agrees, found.disagreements
    assert sum(each.measured for each in found.comparisons) == 0, "it says something of all errors together"
    assert not judge(expect(case), Observed({"d_x": 1e4 * d_x})).agrees


def test_where_no_number_has_a_bound_nothing_is_compared_and_nothing_agrees() -> None:
    nothing = {"outputs": np.full(3, np.inf)}
    found = judge(Expected({"outputs": ONE}, nothing), Observed({"outputs": ONE + 1}))
    assert (found.numbers, found.comparisons[0].undecided) == (0, 3)
    assert not found.agrees, "a verdict on nothing is said to agree"


def test_an_observation_of_nothing_does_not_agree() -> None:
    assert not judge(expect(example()), Observed({})).agrees


def test_an_observed_quantity_that_nobody_knows_is_a_problem_that_lists_the_known_ones() -> None:
    found = judge(Expected({"outputs": ONE}, {"outputs": BOUND}), Observed({"outputs": ONE, "output": ONE}))
    assert not found.agrees
    assert [str(c) for c in found.disagreements] == ["output: unknown quantity; known: outputs"]


def test_gradients_that_nobody_asked_for_are_no_problem() -> None:
    case = example().replace(d_outputs=None, d_state=None)
    asked = judge(expect(case), Observed({**expect(case).values, "d_x": np.zeros_like(case.x)}))
    assert asked.agrees, asked.disagreements


@pytest.mark.parametrize(
    ("bound", "off", "said"),
    [
        (2.0, 3.0, "wrong, 30 deviations off"),
        (2.0, 1.5, "improbable, 15 deviations off"),
        (2.0, 0.5, ""),
        (farthest() * 0.1, 1.5, "improbable, 15 deviations off"),
        (2.0, 1e6, "wrong, 1e+07 deviations off"),
    ],
    ids=["beyond the bound", "within it", "not far off", "where there is no bound", "beyond doubt"],
)
def test_a_number_is_wrong_beyond_its_proven_bound_and_improbable_within_it(
    bound: float, off: float, said: str
) -> None:
    its = {name: {"outputs": np.full(3, value)} for name, value in (("value", 1.0), ("bound", bound), ("off", 0.1))}
    expected = Expected(its["value"], its["bound"], None, its["off"], its["off"])
    verdict = judge(expected, Observed({"outputs": np.array([1.0, 1.0 + off, 1.0])}))
    assert verdict.agrees is not bool(said), str(verdict)
    if said:
        assert f": {said}" in str(beside_bound(expected, verdict.disagreements[0]))


class Unasked(dict[str, np.ndarray]):
    """Tolerances that nobody may ask for."""

    def __missing__(self, name: str) -> np.ndarray:
        raise AssertionError(f"{name} was asked for")


@pytest.mark.parametrize(("closer", "agrees"), [(0.5, True), (0.1, False)], ids=["which settles it", "which does not"])
def test_a_suspected_number_is_looked_at_more_closely_before_bounds_are_asked_for(closer: float, agrees: bool) -> None:
    of = {name: {"outputs": np.full(3, value)} for name, value in (("value", 1.0), ("off", 0.1), ("closer", closer))}
    bounds = Unasked() if agrees else {"outputs": np.full(3, 0.75)}
    refined = Unasked() if agrees else of["off"]
    expected = Expected(of["value"], bounds, None, of["off"], refined, closer=of["closer"])
    verdict = judge(expected, Observed({"outputs": np.array([1.0, 2.0, 1.0])}))
    assert verdict.agrees is agrees
    assert verdict.comparisons[0].farthest == 10, "the errors are told as the first look has them"


def test_numbers_that_are_left_out_on_purpose_ask_for_no_closer_look() -> None:
    def unasked() -> dict[str, np.ndarray]:
        raise NotImplementedError("was asked for")

    of = {name: {"outputs": np.full(3, value)} for name, value in (("value", 1.0), ("off", 0.1))}
    later = Deferred(["outputs"], unasked)
    left_out = Expected(of["value"], later, None, of["off"], later, closer=later).without(
        {"outputs": np.array([False, False, True])}
    )
    verdict = judge(left_out, Observed({"outputs": np.array([1.0, 1.1, 9.0])}))
    assert (verdict.agrees, verdict.numbers, verdict.comparisons[0].undecided) == (True, 2, 0)
    with pytest.raises(NotImplementedError, match="was asked for"):
        judge(left_out, Observed({"outputs": np.array([1.0, 1.9, 9.0])}))


@pytest.mark.parametrize(("activation", "at"), [("relu", 0.0), ("thresholded_relu(0.5)", 0.5)])
def test_only_beside_a_kink_or_a_jump_does_the_bound_alone_decide(activation: str, at: float) -> None:
    """Either side is as faithful there. Elsewhere slopes are as certain as those of a tanh."""
    case = example("SimpleRNN", activation=activation).in_dtype(np.float32)
    (start,) = case.initial_state or ()
    argument = case.x[0, 0] @ case.params["kernel"] + start[0] @ case.params["recurrent_kernel"] + case.params["bias"]
    for distance, smooth in ((0.1, True), (1e-8, False)):
        bias = case.params["bias"].astype(np.float64)
        bias[0] += at + distance - argument[0]
        expected = expect(case.in_dtype(np.float64).replace(params={**case.params, "bias": bias}), "float32")
        assert expected.smooth() is smooth, distance
        nearer = [np.any(expected.limits[name] < bound) for name, bound in expected.bounds.items()]
        assert any(nearer) is smooth, distance
        other = Expected(expected.values, expected.bounds)
        for one, more in ((expected, other), (other, expected)):
            assert one.widened(more, lambda _: True, coarser=False).smooth() is smooth


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_where_one_is_due_is_wrong_at_first_sight(wrong: float) -> None:
    of = {name: {"outputs": np.full(3, value)} for name, value in (("value", 1.0), ("off", 0.1))}
    expected = Expected(of["value"], Unasked(), None, of["off"], Unasked(), closer=Unasked())
    (found,) = judge(expected, Observed({"outputs": np.array([1.0, wrong, 1.0])})).disagreements
    assert found.index == (1,)


def test_few_roundings_that_are_beyond_their_bound_are_wrong_though_few_deviations_off() -> None:
    """A SimpleRNN without an activation rounds seldom, and its bounds are near."""
    case = example("SimpleRNN", activation="linear").in_dtype(np.float32)
    assert case.d_outputs is not None
    case = case.replace(
        x=case.x[:1, :1],
        d_outputs=case.d_outputs[:1, :1],
        initial_state=None,
        d_state=None,
    )
    expected = expect(case)
    with np.errstate(all="ignore"):
        near = {
            n: np.where(of != 0, expected.bounds[n] / expected.deviations[n], 9) for n, of in expected.values.items()
        }
    name = min(near, key=lambda n: near[n].min())
    at = np.unravel_index(near[name].argmin(), near[name].shape)
    assert 1.7 < near[name][at] < 3.8, "nothing is near enough"
    for beyond in (0.97, 1.03):
        values = {n: value.copy() for n, value in expected.values.items()}
        values[name][at] += beyond * expected.bounds[name][at]
        exact = dataclasses.replace(expected, dtype=None)
        assert judge(exact, Observed(values)).agrees is (beyond < 1), beyond


def test_what_is_missing_carries_the_reason_of_the_quantity_of_its_family_or_none_given() -> None:
    case = example("GRU")
    reasons = {"gates": "not exposed", "d_x": "not asked for"}
    missing = judge(expect(case), Observed({"outputs": expect(case).values["outputs"]}, reasons)).missing
    assert missing["gates.z"] == "not exposed"
    assert missing["d_x"] == "not asked for"
    assert missing["state.h"] == "not reported by the implementation"
    assert "outputs" not in missing


def test_disagreements_are_listed_problems_first_and_then_the_worst_first() -> None:
    values = {name: ONE for name in ("outputs", "state.h", "state.c", "d_x")}
    got = {"outputs": ONE + 1, "state.h": ONE, "state.c": ONE[:1], "d_x": ONE + 3}
    found = judge(Expected(values, {name: BOUND for name in values}), Observed(got)).disagreements
    assert [c.quantity for c in found] == ["state.c", "d_x", "outputs"]


def test_a_family_is_summed_up_by_its_numbers_its_worst_ratio_and_what_was_undecided() -> None:
    values = {"state.h": ONE, "state.c": ONE}
    bounds = {"state.h": BOUND, "state.c": np.array([0.5, np.inf, 0.125])}
    found = judge(Expected(values, bounds), Observed({"state.h": ONE + 1, "state.c": ONE}))
    assert list(found.by_family()) == [("state", 5, 8.0, 1)]


def with_every_option(case: Case) -> list[Case]:
    """The case as it is, backwards, with a mask, and with lengths."""
    mask = np.array([[True, False, True, True], [False, True, True, False]])
    return [case, case.replace(reverse=True), case.replace(mask=mask), case.replace(lengths=np.array([2, 4]))]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_expected_of_a_float32_case_covers_the_oracle_in_float32(kind: str) -> None:
    for case in with_every_option(example(kind, "float32")):
        found = judge(expect(case), Oracle().observe(case))
        assert found.agrees, f"{case!r}: {[str(c) for c in found.disagreements]}"
        assert not found.missing, f"{case!r}: not compared: {list(found.missing)}"
        assert max(c.ratio for c in found.comparisons) > 0, "float32 and float64 cannot be the same throughout"


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_for_float32_are_wider_than_for_float64_on_the_same_numbers(kind: str) -> None:
    case = example(kind)
    narrow, wide = expect(case), expect(case, np.float32)
    for name, bound in narrow.bounds.items():
        assert np.all(wide.bounds[name] > 1e6 * bound), f"{name}: {wide.bounds[name]} beside {bound}"
        assert np.array_equal(narrow.values[name], wide.values[name]), f"{name}: the values changed too"
