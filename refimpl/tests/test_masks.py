"""Masks of any pattern: a masked step is as if it were not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import Cell, backward, forward
from ..rounding import gradient_bound
from .support import (
    BATCH,
    TIME,
    Parts,
    assert_same,
    assert_within,
    bounds_of,
    each_direction,
    each_shape,
    example,
    parts,
    run,
    run_of_cell,
)

MASK = np.array([[0, 1, 0, 0, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
"""Masked at the start, in the middle and at the end; once everywhere, once everywhere but one step."""

each_policy = pytest.mark.parametrize("masked_output", ["repeat", "zeros"])


def processed(reverse: bool) -> list[int]:
    return list(range(TIME))[::-1] if reverse else list(range(TIME))


@each_shape
@each_direction
def test_masked_steps_leave_the_state_alone(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = run_of_cell(e, mask=MASK, reverse=reverse)
    order = processed(reverse)
    after = dict(zip(order, [*order[1:], None], strict=True))  # the step processed after each; None: none
    for row, t in np.argwhere(~MASK):
        following = after[t]
        for k, before in enumerate(over.before):
            kept = over.state[k][row] if following is None else before[row, following]
            assert_same(f"{e.case} step={row, t}", {f"state[{k}]": kept}, {f"state[{k}]": before[row, t]})


@each_shape
@each_direction
def test_a_wholly_masked_row_ends_in_its_initial_state(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = run(e, mask=MASK, reverse=reverse)
    got, expected = ({str(k): p[2] for k, p in enumerate(s)} for s in (over.state, e.initial_state))
    assert_same(e.case, got, expected)


@each_shape
@each_direction
def test_a_wholly_masked_row_passes_its_state_cotangent_through(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    grads = backward(run(e, mask=MASK, reverse=reverse), e.d_outputs, e.d_state)
    got, expected = ({str(k): p[2] for k, p in enumerate(s)} for s in (grads.initial_state, e.d_state))
    assert_same(e.case, got, expected)


@each_shape
@each_direction
def test_masked_steps_repeat_the_output_before_them_and_zeros_at_first(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = run(e, mask=MASK, reverse=reverse)
    for row in range(BATCH):
        previous = np.zeros(cell.output_size)
        for t in processed(reverse):
            if not MASK[row, t]:
                assert_same(f"{e.case} step={row, t}", {"output": over.outputs[row, t]}, {"output": previous})
            previous = over.outputs[row, t]


@each_shape
@each_direction
def test_the_zeros_policy_changes_masked_outputs_alone(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    repeat, zeros = (run(e, mask=MASK, reverse=reverse, masked_output=policy) for policy in ("repeat", "zeros"))
    expected = parts(repeat) | {"outputs": np.where(MASK[..., None], repeat.outputs, 0.0)}
    assert_same(e.case, parts(zeros), expected)


@each_shape
@each_direction
@each_policy
def test_a_mask_of_all_steps_is_no_mask(cell: Cell, reverse: bool, masked_output: str) -> None:
    e = example(cell, seed=0)
    runs = [
        run(e, mask=mask, reverse=reverse, masked_output=masked_output) for mask in (np.ones((BATCH, TIME), bool), None)
    ]
    assert_same(e.case, *(parts(over) for over in runs))
    assert_same(e.case, *(parts(backward(over, e.d_outputs, e.d_state)) for over in runs))


@each_shape
@each_direction
@each_policy
def test_masking_a_step_equals_leaving_it_out(cell: Cell, reverse: bool, masked_output: str) -> None:
    e = example(cell, seed=1)
    over = run(e, mask=MASK, reverse=reverse, masked_output=masked_output)
    rounding = bounds_of(over, np.float64, e.d_outputs, e.d_state)
    got, grads = parts(over), parts(backward(over, e.d_outputs, e.d_state))
    summed: Parts = {name: np.zeros_like(d) for name, d in grads.items() if name.startswith("params")}
    for row in range(BATCH):
        case, one, kept = f"{e.case} row={row}", slice(row, row + 1), np.flatnonzero(MASK[row])
        state, d_state = (tuple(part[one] for part in s) for s in (e.initial_state, e.d_state))
        short = forward(cell, e.params, e.x[one][:, kept], state, reverse=reverse)
        d_outputs = folded(e.d_outputs[row], MASK[row], reverse, masked_output)[None, kept]
        expected = parts(short) | parts(backward(short, d_outputs, d_state))
        for name, whole in (got | grads).items():
            if name in summed:
                summed[name] += expected[name]
                continue
            at = (one, kept) if whole.ndim == 3 else (one,)
            limit = {name: rounding[name][at]}
            assert_within(case, {name: whole[at]}, {name: expected[name]}, limit, limit)
    for name, total in summed.items():
        limit = {name: rounding[name]}
        assert_within(e.case, {name: grads[name]}, {name: total}, limit, limit)


def folded(d_outputs: Any, mask: Any, reverse: bool, masked_output: str) -> Any:
    """One row's cotangents, each repeated output's added to that of the output which it repeats."""
    found, last = d_outputs.copy(), None
    for t in processed(reverse):
        if mask[t]:
            last = t
        elif masked_output == "repeat" and last is not None:
            found[last] += d_outputs[t]
    return found


@each_shape
@each_direction
@each_policy
def test_masked_inputs_have_a_gradient_of_exactly_zero(cell: Cell, reverse: bool, masked_output: str) -> None:
    e = example(cell, seed=0)
    over = run(e, mask=MASK, reverse=reverse, masked_output=masked_output)
    masked = backward(over, e.d_outputs, e.d_state).x[~MASK]
    assert_same(e.case, {"x": masked}, {"x": np.zeros_like(masked)})


@each_shape
@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e300])
def test_what_a_masked_input_holds_changes_nothing(cell: Cell, garbage: float) -> None:
    e = example(cell, seed=2)
    x = np.where(MASK[..., None], e.x, garbage)
    clean, over = (forward(cell, e.params, given, e.initial_state, mask=MASK, check_finite=False) for given in (e.x, x))
    case, kept = f"{e.case} {garbage=}", (at_kept_steps(parts(over)), at_kept_steps(parts(clean)))
    assert_same(case, *kept)
    assert_same(case, *(parts(backward(o, e.d_outputs, e.d_state)) for o in (over, clean)))
    limits = (gradient_bound(o, np.float64, e.d_outputs, e.d_state) for o in (over, clean))
    assert_same(f"{case}, the bound", *(parts(limit) for limit in limits))


def at_kept_steps(named: Parts) -> Parts:
    """A masked step's gates are nobody's business."""
    return {name: a[MASK] if name.startswith("gates") else a for name, a in named.items()}
