"""What the strategies draw: cases that fit, that are varied enough to find something, and that can be drawn again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import refimpl as ri
from conformance.cases.option_space import space_of
from conformance.cases.oracle_run import run_oracle
from conformance.cases.strategies import cases_of_space, declares_cell
from conformance.contract import Array, Case
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.expected import expect

each_dtype = pytest.mark.parametrize("dtype", Oracle.dtypes)
_NAMES = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "hard_sigmoid_keras2")
_EITHER = {"use_bias": (True, False), "use_recurrent_bias": (True, False)}
PLAIN: list[Mapping[str, Any]] = [
    {"kind": "SimpleRNN", "activation": _NAMES, **_EITHER},
    {"kind": "LSTM", "activation": _NAMES, "recurrent_activation": _NAMES, **_EITHER},
    {"kind": "GRU", "activation": _NAMES, "recurrent_activation": _NAMES, "reset_after": (True, False), **_EITHER},
]


def drawn(
    entries: Sequence[Mapping[str, Any]], dtype: str, start: int = 0, count: int = 300, **wanted: Any
) -> list[Case]:
    """What Hypothesis draws from that seed, without what it would do about a failure."""
    found: list[Case] = []
    space = space_of(entries, Oracle.dtypes)

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(case=cases_of_space(space, dtype=dtype, **wanted))
    def keep(case: Case) -> None:
        found.append(case)

    keep()
    return found


@cache
def sample(dtype: str = "float64") -> list[Case]:
    """300 cases of single cells."""
    return drawn(PLAIN, dtype)


def arrays(case: Case) -> Iterator[tuple[str, Array]]:
    """Every array of a case by name."""
    yield from case.params.items()
    yield "x", case.x
    yield from ((f"initial state {k}", part) for k, part in enumerate(case.initial_state or ()))
    cotangents = (case.d_outputs, *(case.d_state or ()))
    yield from ((f"cotangent {k}", part) for k, part in enumerate(cotangents) if part is not None)


@each_dtype
def test_every_array_fits_its_cell_and_has_the_asked_dtype(dtype: str) -> None:
    for case in sample(dtype):
        batch, time, inputs = case.x.shape
        state = (batch, case.cell.hidden_size)
        assert {name: value.shape for name, value in case.params.items()} == case.cell.parameter_shapes, repr(case)
        assert inputs == case.cell.input_size, repr(case)
        for parts in (case.initial_state, case.d_state):
            assert parts is None or len(parts) == len(case.state_names), repr(case)
            assert all(part is None or part.shape == state for part in parts or ()), repr(case)
        assert case.d_outputs is None or case.d_outputs.shape == (batch, time, case.cell.hidden_size), repr(case)
        assert {str(array.dtype) for _, array in arrays(case)} == {dtype}, repr(case)


@each_dtype
def test_no_two_numbers_of_an_array_have_the_same_absolute_value(dtype: str) -> None:
    for case in sample(dtype):
        for name, array in arrays(case):
            alike = array.size - np.unique(np.abs(array)).size
            assert alike == 0, f"{case!r}: {alike} of the {array.size} numbers of {name} are alike:\n{array!r}"


def test_no_number_is_zero() -> None:
    for case in sample():
        for name, array in arrays(case):
            assert np.all(array != 0), f"{case!r}: a zero in {name} hides what it is multiplied with"


def test_each_size_is_now_smaller_and_now_greater_than_each_other() -> None:
    sizes = [
        dict(zip(("batch", "time", "input", "hidden"), (*c.x.shape, c.cell.hidden_size), strict=True)) for c in sample()
    ]
    for one, other in permutations(sizes[0], 2):
        assert any(size[one] < size[other] for size in sizes), f"{one} is never smaller than {other}"


def test_sequences_are_from_one_step_to_twenty() -> None:
    steps = {case.x.shape[1] for case in sample()}
    assert (min(steps), max(steps)) == (1, 20)


def test_every_array_that_may_be_left_out_is_now_given_and_now_not() -> None:
    lstm = [case for case in sample() if case.kind == "LSTM"]
    for name in ("initial_state", "d_outputs", "d_state"):
        assert {getattr(case, name) is None for case in lstm} == {True, False}, name
    parts = {tuple(d is not None for d in case.d_state or (None, None)) for case in lstm}
    assert len(parts) == 4, f"the cotangents of h and c are given in {parts} only"


def test_only_declared_options_are_drawn_and_each_of_them() -> None:
    entries: list[Mapping[str, Any]] = [
        {"kind": "LSTM", "activation": ("relu", "linear"), "use_bias": (False,)},
        {"kind": "GRU", "reset_after": (False,)},
    ]
    found = drawn(entries, "float64", count=100)
    cells = {(c.kind, c.cell.activation, c.cell.use_bias, getattr(c.cell, "reset_after", None)) for c in found}
    assert cells == {
        ("LSTM", "relu", False, None),
        ("LSTM", "linear", False, None),
        ("GRU", "tanh", True, False),
    }, "what is not declared has the cell's default"


@each_dtype
def test_nearly_every_number_that_is_expected_is_finite_and_has_a_bound(dtype: str) -> None:
    decided = numbers = 0
    for case in sample(dtype)[::3]:
        expected = expect(case)
        for name, value in expected.values.items():
            assert np.all(np.isfinite(value)), f"{case!r}: {name} is expected to be {value}"
            decided += int(np.isfinite(expected.bounds[name]).sum())
            numbers += value.size
    assert decided > 0.98 * numbers, f"of {numbers} numbers only {decided} have a finite bound"


def test_tiny_and_large_magnitudes_occur_in_every_array() -> None:
    for name in ("kernel", "recurrent_kernel", "bias", "x"):
        greatest = [np.abs(dict(arrays(case))[name]).max() for case in sample() if name in dict(arrays(case))]
        assert min(greatest) < 1e-11, f"{name} is never tiny: {min(greatest)}"
        assert max(greatest) > 30, f"{name} is never large: {max(greatest)}"


@pytest.mark.parametrize("name", ["i", "f", "o"])
def test_gates_are_driven_into_saturation_at_both_ends_and_left_between(name: str) -> None:
    lstm = [case for case in sample() if case.kind == "LSTM" and case.cell.recurrent_activation == "sigmoid"]
    gates = np.concatenate([run_oracle(case).gates[name].ravel() for case in lstm])
    assert gates.min() < 1e-6, f"{name} is never closed: {gates.min()}"
    assert gates.max() > 1 - 1e-6, f"{name} is never open: {gates.max()}"
    assert np.any((gates > 0.2) & (gates < 0.8) & (gates != 0.5)), f"{name} is never between"


def test_the_same_seed_draws_the_same_cases() -> None:
    one, other = (drawn(PLAIN, "float64", start=7, count=30) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        assert repr(first) == repr(second)
        for (name, array), (_, again) in zip(arrays(first), arrays(second), strict=True):
            assert np.array_equal(array, again), f"{first!r}: {name} differs the second time"


def test_another_seed_draws_other_cases() -> None:
    one, other = (drawn(PLAIN, "float64", start=start, count=30) for start in (1, 2))
    assert [case.x.tolist() for case in one] != [case.x.tolist() for case in other]


TANH_ONLY: list[Mapping[str, Any]] = [
    {"kind": "LSTM", "activation": ["tanh"]},
    {"kind": "GRU", "reset_after": [True], "use_bias": [True]},
]


@pytest.mark.parametrize(
    ("cell", "has_it"),
    [
        (ri.LSTM(2, 3), True),
        (ri.LSTM(5, 1, "tanh"), True),
        (ri.LSTM(2, 3, "relu"), False),
        (ri.LSTM(2, 3, use_recurrent_bias=True), False),  # not declared, so the default only
        (ri.GRU(2, 3), True),
        (ri.GRU(2, 3, reset_after=False), False),
        (ri.GRU(2, 3, use_bias=False), False),
        (ri.SimpleRNN(2, 3), False),
    ],
    ids=str,
)
def test_an_implementation_accepts_the_cells_that_it_declares(cell: Any, has_it: bool) -> None:
    assert declares_cell(TANH_ONLY, cell) == has_it


def test_a_cell_is_not_accepted_where_it_is_declared_in_a_stack_or_masked_only() -> None:
    stacked: list[Mapping[str, Any]] = [{"kind": "SimpleRNN", "layers": (2,)}, {"kind": "LSTM", "mask": ("right",)}]
    assert not declares_cell(stacked, ri.SimpleRNN(2, 3))
    assert not declares_cell(stacked, ri.LSTM(2, 3))
    assert declares_cell(stacked, ri.LSTM(2, 3), mask="right")


def test_only_cases_with_the_wanted_options_are_drawn() -> None:
    both: list[Mapping[str, Any]] = [
        {"kind": "GRU", "reset_after": (True, False), "direction": ("forward", "both")},
        {"kind": "LSTM", "direction": ("backward",)},
    ]
    found = drawn(both, "float32", count=30, kind="GRU", reset_after=False)
    assert {(case.kind, case.options["reset_after"]) for case in found} == {("GRU", False)}
    assert {case.options["direction"] for case in found} == {"forward", "both"}
    space = space_of(both, ("float64",))
    assert space.with_options(kind="LSTM", direction="backward")
    assert not space.with_options(kind="LSTM", direction="both")
    assert not space.with_options(kind="LSTM", reset_after=False)


def test_no_refused_combination_is_drawn() -> None:
    refused = [{"when": {"direction": ("both",), "dtype": ("float32",)}, "reason": "none", "message": "no"}]
    space = space_of([{"kind": "SimpleRNN", "direction": ("forward", "both")}], Oracle.dtypes, refused)
    found: set[tuple[str, str]] = set()

    @seed(0)
    @settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
    @given(case=cases_of_space(space))
    def keep(case: Case) -> None:
        found.add((case.dtype_name, case.options["direction"]))

    keep()
    assert found == {("float64", "forward"), ("float64", "both"), ("float32", "forward")}


def test_every_part_of_the_oracle_s_own_space_can_be_drawn_and_run() -> None:
    found = drawn(Oracle.cells, "float64", count=150)
    for case in found:
        assert run_oracle(case).outputs.shape == case.outputs_shape, repr(case)
    for name in ("layers", "direction", "mask", "lengths", "return_sequences", "dropout", "recurrent_dropout"):
        assert len({case.options[name] for case in found}) > 1, f"{name} is always the same"
