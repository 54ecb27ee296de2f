"""Float64 in, float64 out; float32 likewise; the elements of an object array take the same way."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .. import LSTM, AnyRun, Cell, Gradients, Run, backward, forward
from .dual import duals, values
from .support import (
    BATCH,
    CELLS,
    TIME,
    assert_same,
    each_cell,
    each_direction,
    example,
    one_of_each,
    parts,
)

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
MASK = np.random.default_rng(3).random((BATCH, TIME)) < 0.5
OPTIONS: dict[str, dict[str, Any]] = {
    "repeat": {"mask": MASK},
    "zeros": {"mask": MASK, "masked_output": "zeros"},
    "lengths": {"lengths": [0, 2, 5, 3]},
}


def everything(run: AnyRun, grads: Gradients) -> dict[str, Any]:
    before = {f"before[{k}]": part for k, part in enumerate(run.before)} if isinstance(run, Run) else {}
    return parts(run) | parts(grads) | before


def assert_throughout(case: str, dtype: Any, found: dict[str, Any]) -> None:
    wrong = {name: a.dtype for name, a in found.items() if a.dtype != dtype}
    assert not wrong, f"{case}: expected {np.dtype(dtype)} throughout, got {wrong}"


@each_cell
@each_dtype
def test_all_that_comes_out_has_the_dtype_of_what_went_in(cell: Cell, dtype: Any) -> None:
    e = example(cell, seed=0, dtype=dtype)
    run = forward(cell, e.params, e.x, e.initial_state)
    assert_throughout(e.case, dtype, everything(run, backward(run, e.d_outputs, e.d_state)))


@one_of_each
@each_dtype
@each_direction
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_masks_and_directions_keep_the_dtype(cell: Cell, dtype: Any, reverse: bool, options: dict[str, Any]) -> None:
    e = example(cell, seed=0, dtype=dtype)
    run = forward(cell, e.params, e.x, e.initial_state, reverse=reverse, **options)
    assert_throughout(e.case, dtype, everything(run, backward(run, e.d_outputs, e.d_state)))


@each_cell
@each_dtype
def test_what_is_left_out_has_the_dtype_of_what_went_in(cell: Cell, dtype: Any) -> None:
    e = example(cell, seed=0, dtype=dtype)
    run = forward(cell, e.params, e.x)
    assert_throughout(e.case, dtype, everything(run, backward(run)))


@each_cell
@each_dtype
def test_fresh_parameters_have_the_dtype_and_the_shapes_asked_for(cell: Cell, dtype: Any) -> None:
    params = cell.init(np.random.default_rng(0), dtype)
    assert {name: (a.shape, a.dtype) for name, a in params.items()} == {
        name: (shape, np.dtype(dtype)) for name, shape in cell.parameter_shapes.items()
    }


def test_fresh_parameters_come_from_the_generator_alone() -> None:
    for cell in CELLS:
        one, two, other = (cell.init(np.random.default_rng(seed)) for seed in (0, 0, 1))
        assert_same(str(cell), one, two)
        assert all((one[name] != other[name]).all() for name in one)
        assert all((np.abs(a) <= 1 / np.sqrt(cell.hidden_size)).all() for a in one.values())


@each_cell
@each_direction
def test_fractions_come_out_as_fractions(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0, batch=1, time=3)
    params = {name: duals(Fraction, array) for name, array in e.params.items()}
    x, state = duals(Fraction, e.x), tuple(duals(Fraction, part) for part in e.initial_state)
    run = forward(cell, params, x, state, reverse=reverse)
    d_state = tuple(duals(Fraction, d) for d in e.d_state)
    grads = backward(run, duals(Fraction, e.d_outputs), d_state)
    for name, a in everything(run, grads).items():
        assert a.dtype == object, f"{e.case}: {name}: expected object, got {a.dtype}"
        kinds = {type(element) for element in values(a).flat}
        assert Fraction in kinds, f"{e.case}: {name}: expected fractions, got {kinds}"


def test_nested_lists_are_taken_as_float64() -> None:
    e = example(CELLS[0], seed=0)
    params = {name: array.tolist() for name, array in e.params.items()}
    run = forward(e.cell, params, e.x.tolist(), [part.tolist() for part in e.initial_state])
    grads = backward(run, e.d_outputs.tolist(), [d.tolist() for d in e.d_state])
    expected = forward(e.cell, e.params, e.x, e.initial_state)
    assert_same(e.case, parts(run), parts(expected))
    assert_same(e.case, parts(grads), parts(backward(expected, e.d_outputs, e.d_state)))


@pytest.mark.parametrize("option", ["clip", "forget_bias"])
def test_a_number_of_numpy_s_as_an_option_makes_no_float32_wider(option: str) -> None:
    options: dict[str, Any] = {option: np.float64(1.5)}
    cell = LSTM(2, 3, **options)
    run = forward(cell, cell.init(np.random.default_rng(0), np.float32), np.ones((2, 3, 2), np.float32))
    gradients = backward(run, run.outputs)
    arrays = [run.outputs, *run.state, gradients.x, *gradients.params.values(), *gradients.initial_state]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
