"""The forward pass against a scalar transcription of the textbook equations (`naive`).

Both round, each within its bound, so they may differ by twice the bound.
"""

from __future__ import annotations

import numpy as np
import pytest

from .. import Cell, forward
from ..rounding import bound
from . import naive
from .support import CELLS, assert_same, assert_within, each_cell, each_seed, example, parts, short


@each_cell
@each_seed
def test_outputs_state_and_every_gate_follow_the_textbook(cell: Cell, seed: int) -> None:
    e = example(cell, seed)
    run = forward(cell, e.params, e.x, e.initial_state)
    outputs, state, gates = naive.run(cell, e.params, e.x, e.initial_state)
    expected = {"outputs": outputs}
    expected |= {f"state[{k}]": part for k, part in enumerate(state)}
    expected |= {f"gates[{name!r}]": gate for name, gate in gates.items()}
    rounding = parts(bound(run, np.float64))
    assert_within(e.case, parts(run), expected, rounding, rounding)


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
    run = forward(cell, e.params, e.x, e.initial_state)
    after = [run.outputs, run.gates["c"]] if len(run.state) == 2 else [run.outputs]
    expected = {
        str(k): np.concatenate([initial[:, None], steps[:, :-1]], axis=1)
        for k, (initial, steps) in enumerate(zip(e.initial_state, after, strict=True))
    }
    assert_same(e.case, {str(k): part for k, part in enumerate(run.before)}, expected)
