"""What is returned, and in which order: output_order and return_sequences choose among the same outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import Cell, backward
from .support import assert_same, each_direction, each_shape, example, parts, run

MASK = np.array([[0, 1, 0, 0, 1], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
MASKS: dict[str, dict[str, Any]] = {
    "no mask": {},
    "repeat": {"mask": MASK},
    "zeros": {"mask": MASK, "masked_output": "zeros"},
    "lengths": {"lengths": [3, 5, 0, 1]},
}
each_mask = pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)


@each_shape
@each_direction
@each_mask
def test_processing_order_flips_the_outputs_of_a_reverse_run_alone(cell: Cell, reverse: bool, masks: Any) -> None:
    e = example(cell, seed=0)
    original = run(e, reverse=reverse, **masks)
    over = run(e, reverse=reverse, output_order="processing", **masks)
    flip = slice(None, None, -1) if reverse else slice(None)
    assert_same(e.case, parts(over), parts(original) | {"outputs": original.outputs[:, flip]})
    got, expected = backward(over, e.d_outputs[:, flip], e.d_state), backward(original, e.d_outputs, e.d_state)
    assert_same(e.case, parts(got), parts(expected))


@each_shape
@each_direction
@each_mask
@pytest.mark.parametrize("order", ["original", "processing"])
def test_the_only_output_is_that_of_the_step_processed_last(cell: Cell, reverse: bool, masks: Any, order: str) -> None:
    e = example(cell, seed=0)
    whole = run(e, reverse=reverse, **masks)
    last = run(e, reverse=reverse, return_sequences=False, output_order=order, **masks)
    at = 0 if reverse else 4
    assert_same(e.case, parts(last), parts(whole) | {"outputs": whole.outputs[:, at : at + 1]})
    d_outputs = np.zeros_like(e.d_outputs)
    d_outputs[:, at] = e.d_outputs[:, 2]
    got, expected = backward(last, e.d_outputs[:, 2:3], e.d_state), backward(whole, d_outputs, e.d_state)
    assert_same(e.case, parts(got), parts(expected))


@each_shape
@each_direction
def test_the_only_output_has_no_cotangent_where_none_is_given(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = run(e, reverse=reverse, return_sequences=False)
    zeros = np.zeros_like(over.outputs)
    got, expected = backward(over, d_state=e.d_state), backward(over, zeros, e.d_state)
    assert_same(e.case, parts(got), parts(expected))
