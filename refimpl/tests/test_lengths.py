"""Lengths: each row as if it were alone and had only its own steps; zeros past them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import Cell, backward, forward
from ..rounding import bound, gradient_bound
from .support import BATCH, CELLS, TIME, assert_same, assert_within, each_direction, each_shape, example, parts

LENGTHS = [3, TIME, 0, 1]


@each_shape
@each_direction
def test_each_row_runs_as_if_alone_on_its_own_length(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = forward(cell, e.params, e.x, e.initial_state, lengths=LENGTHS, reverse=reverse)
    rounding = parts(bound(over, np.float64))
    for row, length in enumerate(LENGTHS):
        one = slice(row, row + 1)
        state = tuple(part[one] for part in e.initial_state)
        alone = parts(forward(cell, e.params, e.x[one, :length], state, reverse=reverse))
        at = {name: (one, slice(length)) if a.ndim == 3 else (one,) for name, a in alone.items()}
        limit = {name: rounding[name][where] for name, where in at.items()}
        got = {name: parts(over)[name][where] for name, where in at.items()}
        assert_within(f"{e.case} row={row}", got, alone, limit, limit)


@each_shape
@each_direction
def test_each_row_has_the_gradients_that_it_has_alone(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=1)
    over = forward(cell, e.params, e.x, e.initial_state, lengths=LENGTHS, reverse=reverse)
    grads = parts(backward(over, e.d_outputs, e.d_state))
    rounding = parts(gradient_bound(over, np.float64, e.d_outputs, e.d_state))
    summed: dict[str, Any] = {name: 0.0 for name in grads if name.startswith("params")}
    for row, length in enumerate(LENGTHS):
        one = slice(row, row + 1)
        state, d_state = (tuple(part[one] for part in s) for s in (e.initial_state, e.d_state))
        alone = forward(cell, e.params, e.x[one, :length], state, reverse=reverse)
        for name, d in parts(backward(alone, e.d_outputs[one, :length], d_state)).items():
            if name in summed:
                summed[name] = summed[name] + d
            else:
                at = (one, slice(length)) if d.ndim == 3 else (one,)
                limit, case = {name: rounding[name][at]}, f"{e.case} row={row}"
                assert_within(case, {name: grads[name][at]}, {name: d}, limit, limit)
    assert_within(e.case, {name: grads[name] for name in summed}, summed, rounding, rounding)


@each_shape
@each_direction
def test_outputs_past_a_length_are_zero(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = forward(cell, e.params, e.x, e.initial_state, lengths=LENGTHS, reverse=reverse)
    past = np.concatenate([over.outputs[row, length:] for row, length in enumerate(LENGTHS)])
    assert_same(e.case, {"outputs": past}, {"outputs": np.zeros_like(past)})


@each_shape
@each_direction
def test_lengths_are_a_mask_of_the_first_steps_with_zeros(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    mask = np.array([[t < length for t in range(TIME)] for length in LENGTHS])
    options: list[dict[str, Any]] = [{"lengths": LENGTHS}, {"mask": mask, "masked_output": "zeros"}]
    runs = [forward(cell, e.params, e.x, e.initial_state, reverse=reverse, **o) for o in options]
    assert_same(e.case, *(parts(over) for over in runs))
    assert_same(e.case, *(parts(backward(over, e.d_outputs, e.d_state)) for over in runs))


@each_shape
def test_full_lengths_are_no_lengths(cell: Cell) -> None:
    e = example(cell, seed=0)
    runs = [forward(cell, e.params, e.x, e.initial_state, lengths=n) for n in ([TIME] * BATCH, None)]
    assert_same(e.case, *(parts(over) for over in runs))


@pytest.mark.parametrize("kind", [list, tuple, np.int64, np.int32, np.uint8])
def test_lengths_may_be_any_integers(kind: Any) -> None:
    e = example(CELLS[0], seed=0)
    lengths = kind(LENGTHS) if kind in (list, tuple) else np.array(LENGTHS, kind)
    got, expected = (forward(e.cell, e.params, e.x, lengths=n) for n in (lengths, LENGTHS))
    assert_same(e.case, parts(got), parts(expected))
