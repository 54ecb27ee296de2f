"""Masks, lengths, direction, state and layouts mean what they say: shown in certified values, with no tolerance.

Two runs that must be equal as real numbers have the same certified float64s, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Case

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

from conformance.truth.balls import balls, precision
from conformance.truth.certificates import case_in_balls, certify
from conformance.truth.families.building import make_case
from conformance.truth.families.seeded_numbers import SeededNumbers

KINDS = ("simple-rnn", "lstm", "gru-after", "gru-before")
BATCH, TIME, INPUT, HIDDEN = 3, 5, 2, 4
MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
each_kind = pytest.mark.parametrize("kind", KINDS)
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def example(kind: str, **sequence: Any) -> Case:
    return make_case(
        kind,
        {},
        (BATCH, TIME, INPUT, HIDDEN),
        SeededNumbers(f"sequences/{kind}"),
        initial=True,
        cotangents=("outputs", "h", "c"),
        **sequence,
    )


def certified(case: Case) -> Any:
    certificate = certify(case)
    assert certificate.is_complete, certificate.reason
    return certificate.values


def row(case: Case, b: int, steps: Any) -> Case:
    """Row b alone, and of it only those steps."""
    one = slice(b, b + 1)

    d_outputs: Any = case.d_outputs

    def part(states: Any) -> Any:
        return tuple(state[one] for state in states)

    return case.replace(
        x=case.x[one][:, steps],
        initial_state=part(case.initial_state),
        d_outputs=d_outputs[one][:, steps],
        d_state=part(case.d_state),
        mask=None,
        lengths=None,
        masked_output="repeat",
    )


@each_kind
@each_direction
def test_a_masked_row_is_the_row_without_its_masked_steps(kind: str, reverse: bool) -> None:
    case = example(kind, mask=MASK, masked_output="zeros", reverse=reverse)
    whole = certified(case)
    for b in range(BATCH):
        alone = certified(row(case, b, MASK[b]))
        same(alone["outputs"][0], whole["outputs"][b][MASK[b]], f"row {b}: outputs")
        same(alone["d_x"][0], whole["d_x"][b][MASK[b]], f"row {b}: d_x")
        for name in case.state_names:
            same(alone[f"state.{name}"][0], whole[f"state.{name}"][b], f"row {b}: {name}")
            same(alone[f"d_initial_state.{name}"][0], whole[f"d_initial_state.{name}"][b], f"row {b}: d_{name}")
    same(whole["outputs"][~MASK], 0 * whole["outputs"][~MASK], "masked outputs")
    same(whole["d_x"][~MASK], 0 * whole["d_x"][~MASK], "d_x of masked steps")


@each_kind
@each_direction
def test_a_masked_step_repeats_the_output_processed_before_it(kind: str, reverse: bool) -> None:
    zeros = certified(example(kind, mask=MASK, masked_output="zeros", reverse=reverse))["outputs"]
    repeated = certified(example(kind, mask=MASK, masked_output="repeat", reverse=reverse))["outputs"]
    for b in range(BATCH):
        last = np.zeros(HIDDEN)
        for t in range(TIME)[::-1] if reverse else range(TIME):
            last = zeros[b, t] if MASK[b, t] else last
            same(repeated[b, t], last, f"row {b}, step {t}")


@each_kind
@each_direction
def test_lengths_are_the_mask_of_each_rows_first_steps(kind: str, reverse: bool) -> None:
    lengths = np.array([3, 0, 5])
    mask = np.arange(TIME) < lengths[:, None]
    by_lengths = certified(example(kind, lengths=lengths, reverse=reverse, masked_output="zeros"))
    by_mask = certified(example(kind, mask=mask, reverse=reverse, masked_output="zeros"))
    for name, value in by_lengths.items():
        same(value, by_mask[name], name)


@each_kind
def test_reverse_is_the_run_over_the_steps_turned_round(kind: str) -> None:
    case = example(kind, reverse=True)
    d_outputs: Any = case.d_outputs
    turned = case.replace(reverse=False, x=case.x[:, ::-1], d_outputs=d_outputs[:, ::-1])
    backwards, forwards = certified(case), certified(turned)
    for name, value in backwards.items():
        in_time = name in ("outputs", "d_x") or name.startswith("gates")
        same(value, forwards[name][:, ::-1] if in_time else forwards[name], name)


@each_kind
def test_two_runs_joined_by_their_state_are_one_run(kind: str) -> None:
    """In balls, since the state between them is no float64: the two enclosures of each number overlap."""
    case = example(kind)
    with precision(256):
        whole: Any = case_in_balls(case)
        run = ri.forward(whole.cell, whole.params, whole.x, whole.initial_state)
        first = ri.forward(whole.cell, whole.params, whole.x[:, :2], whole.initial_state)
        second = ri.forward(whole.cell, whole.params, whole.x[:, 2:], first.state)
        joined = np.concatenate([first.outputs, second.outputs], axis=1)
        for one, other in zip(joined.flat, run.outputs.flat, strict=True):
            assert one.value.overlaps(other.value)
            assert float(one.value.rad()) < 1e-60
        d_second = ri.backward(second, whole.d_outputs[:, 2:], whole.d_state)
        d_first = ri.backward(first, whole.d_outputs[:, :2], d_second.initial_state)
        d_whole = ri.backward(run, whole.d_outputs, whole.d_state)
        pairs = zip(d_first.initial_state, d_whole.initial_state, strict=True)
        for d, d_expected in pairs:
            for one, other in zip(d.flat, d_expected.flat, strict=True):
                assert one.value.overlaps(other.value)


@each_kind
def test_no_initial_state_is_an_initial_state_of_zeros(kind: str) -> None:
    case = example(kind)
    zeros = tuple(np.zeros((BATCH, HIDDEN)) for _ in case.state_names)
    default, given = certified(case.replace(initial_state=None)), certified(case.replace(initial_state=zeros))
    for name, value in default.items():
        same(value, given[name], name)


@pytest.mark.parametrize("layout", [ri.layouts.keras, ri.layouts.pytorch], ids=["keras", "pytorch"])
@pytest.mark.parametrize("cell", [ri.SimpleRNN, ri.LSTM, ri.GRU], ids=lambda cell: cell.__name__)
def test_a_layout_moves_every_ball_and_loses_none(cell: Any, layout: Any) -> None:
    two_biases = layout is ri.layouts.pytorch or cell is ri.GRU
    made = cell(INPUT, HIDDEN, use_recurrent_bias=two_biases)
    values = SeededNumbers("layouts")
    params = {name: balls(values.array(shape, 1.0)) for name, shape in made.parameter_shapes.items()}
    dumped = layout.dump(made, params)
    back = layout.load(made, dumped)
    moved = dumped.values() if isinstance(dumped, dict) else dumped
    assert sorted(map(id, _elements(moved))) == sorted(map(id, _elements(params.values())))
    for name, value in params.items():
        assert [id(ball) for ball in back[name].flat] == [id(ball) for ball in value.flat], name


BLOCKS = {  # the gate that stands at each place of our cell, in the frameworks' own documentation
    ("keras", "LSTM"): ("i", "f", "g", "o"),
    ("keras", "GRU"): ("z", "r", "n"),
    ("pytorch", "LSTM"): ("i", "f", "g", "o"),
    ("pytorch", "GRU"): ("r", "z", "n"),
}


@pytest.mark.parametrize(("layout", "cell"), BLOCKS)
def test_each_gate_stands_where_the_framework_documents_it(layout: str, cell: str) -> None:
    made = getattr(ri, cell)(INPUT, HIDDEN, use_recurrent_bias=layout == "pytorch" or cell == "GRU")
    values = SeededNumbers("layouts")
    params = {name: balls(values.array(shape, 1.0)) for name, shape in made.parameter_shapes.items()}
    dumped = getattr(ri.layouts, layout).dump(made, params)
    kernels = dumped[:2] if layout == "keras" else [dumped["weight_ih_l0"].T, dumped["weight_hh_l0"].T]
    for name, theirs in zip(("kernel", "recurrent_kernel"), kernels, strict=True):
        for place, gate in enumerate(BLOCKS[layout, cell]):
            column = made.gate_order.index(gate) * HIDDEN
            ours = params[name][:, column : column + HIDDEN]
            found = theirs[:, place * HIDDEN : (place + 1) * HIDDEN]
            assert [id(ball) for ball in found.flat] == [id(ball) for ball in ours.flat], f"{name}: {gate}"


def _elements(arrays: Any) -> list[Any]:
    return [ball for array in arrays for ball in array.flat]


def same(got: Any, expected: Any, what: str) -> None:
    np.testing.assert_array_equal(got, expected, err_msg=what, strict=True)
