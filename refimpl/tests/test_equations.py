"""The forward pass against a scalar transcription of the textbook equations (`naive`).

Both round, each within its bound, so they may differ by twice the bound.
"""

from __future__ import annotations

import numpy as np
import pytest

from .. import Cell, forward
from . import naive
from .support import (
    CELLS,
    assert_follows_the_textbook,
    assert_same,
    each_cell,
    each_seed,
    example,
    factors_of,
    one_of_each,
    parts,
    run_of_cell,
    short,
)


@each_cell
@each_seed
def test_outputs_state_and_every_gate_follow_the_textbook(cell: Cell, seed: int) -> None:
    assert_follows_the_textbook(example(cell, seed))


@each_cell
@pytest.mark.parametrize("a_gate", [False, True], ids=["shared", "one a gate"])
def test_factors_of_dropout_multiply_what_meets_a_kernel(cell: Cell, a_gate: bool) -> None:
    factors = factors_of(cell, seed=3, a_gate=a_gate, batch=2)
    assert_follows_the_textbook(example(cell, seed=1, batch=2, time=3), dropout=factors)


@one_of_each
@pytest.mark.parametrize("a_gate", [False, True], ids=["shared", "one a gate"])
@pytest.mark.parametrize("name", ["input", "recurrent"])
def test_factors_of_one_kind_leave_the_other_alone(cell: Cell, a_gate: bool, name: str) -> None:
    factors = factors_of(cell, seed=4, a_gate=a_gate)
    assert_follows_the_textbook(example(cell, seed=2), dropout={name: factors[name]})


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.clip is not None], ids=short)  # type: ignore[attr-defined]
def test_where_arguments_are_clipped_some_are_and_some_are_not(cell: Cell) -> None:
    e = example(cell, seed=0)
    a = np.abs(naive.run(cell, e.params, e.x, e.initial_state)[2]["a"])
    for block in np.split(a, len(cell.gate_order), axis=-1):
        assert (block > cell.clip).any(), e.case  # type: ignore[attr-defined]
        assert (block < cell.clip).any(), e.case  # type: ignore[attr-defined]


@each_cell
def test_gates_come_in_the_order_that_the_cell_states(cell: Cell) -> None:
    e = example(cell, seed=0)
    assert tuple(forward(cell, e.params, e.x).gates) == cell.gate_names


@each_cell
def test_no_initial_state_means_zeros(cell: Cell) -> None:
    e = example(cell, seed=0)
    zeros = tuple(np.zeros_like(part) for part in e.initial_state)
    got, expected = forward(cell, e.params, e.x), forward(cell, e.params, e.x, zeros)
    assert_same(e.case, parts(got), parts(expected))


@pytest.mark.parametrize("given", [0, 1], ids=["h", "c"])
@pytest.mark.parametrize("cell", [c for c in CELLS if len(c.state_names) == 2], ids=short)
def test_a_missing_part_of_the_initial_state_means_zeros(cell: Cell, given: int) -> None:
    e = example(cell, seed=0)
    half = [None if k != given else part for k, part in enumerate(e.initial_state)]
    whole = [p if k == given else np.zeros_like(p) for k, p in enumerate(e.initial_state)]
    got = forward(cell, e.params, e.x, tuple(half))
    assert_same(e.case, parts(got), parts(forward(cell, e.params, e.x, tuple(whole))))


@each_cell
def test_the_run_remembers_the_state_before_each_step(cell: Cell) -> None:
    e = example(cell, seed=0)
    run = run_of_cell(e)
    after = [run.outputs, run.gates["c"]] if len(run.state) == 2 else [run.outputs]
    expected = {
        str(k): np.concatenate([initial[:, None], steps[:, :-1]], axis=1)
        for k, (initial, steps) in enumerate(zip(e.initial_state, after, strict=True))
    }
    assert_same(e.case, {str(k): part for k, part in enumerate(run.before)}, expected)
