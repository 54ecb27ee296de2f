"""Gradients against differentiation itself (`derivatives`), and cotangents that are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import Cell, Gradients, backward, forward
from .derivatives import assert_derivatives_match
from .support import (
    BATCH,
    CELLS,
    ONE_OF_EACH,
    TIME,
    Example,
    assert_same,
    each_cell,
    each_direction,
    example,
    one_of_each,
    parts,
    short,
)

MASK = np.random.default_rng(7).random((BATCH, TIME)) < 0.6
MASK[1] = False  # one row with no step at all
HOLDS = {
    "repeat": {"mask": MASK},
    "zeros": {"mask": MASK, "masked_output": "zeros"},
    "lengths": {"lengths": np.array([3, 0, 5, 1])},
}


@each_cell
def test_every_gradient_is_the_derivative(cell: Cell) -> None:
    assert_derivatives_match(example(cell, seed=5, batch=5, time=4))


@one_of_each
@each_direction
@pytest.mark.parametrize("options", HOLDS.values(), ids=HOLDS)
def test_every_gradient_is_the_derivative_where_steps_are_masked(
    cell: Cell, reverse: bool, options: dict[str, Any]
) -> None:
    assert_derivatives_match(example(cell, seed=6), reverse=reverse, **options)


@one_of_each
def test_every_gradient_is_the_derivative_in_reverse(cell: Cell) -> None:
    assert_derivatives_match(example(cell, seed=6, batch=5, time=4), reverse=True)


def _without(e: Example, outputs: bool, *state: int) -> tuple[Any, Any]:
    """The cotangents with some replaced by None."""
    d_state = tuple(None if k in state else d for k, d in enumerate(e.d_state))
    return None if outputs else e.d_outputs, d_state


def _zeroed(e: Example, outputs: bool, *state: int) -> tuple[Any, Any]:
    """The cotangents with the same replaced by zeros."""
    d_outputs, d_state = _without(e, outputs, *state)
    return np.zeros_like(e.d_outputs) if d_outputs is None else d_outputs, tuple(
        np.zeros_like(full) if d is None else d for d, full in zip(d_state, e.d_state, strict=True)
    )


@one_of_each
@each_direction
@pytest.mark.parametrize("missing", [(True,), (False, 0), (False, 1), (True, 0), (True, 0, 1)])
def test_a_missing_cotangent_means_zeros(cell: Cell, reverse: bool, missing: Any) -> None:
    e = example(cell, seed=1)
    over = forward(cell, e.params, e.x, e.initial_state, reverse=reverse)
    got, expected = backward(over, *_without(e, *missing)), backward(over, *_zeroed(e, *missing))
    assert_same(e.case, parts(got), parts(expected))


@each_cell
def test_no_final_state_cotangent_at_all_means_zeros(cell: Cell) -> None:
    e = example(cell, seed=1)
    over = forward(cell, e.params, e.x, e.initial_state)
    expected = backward(over, e.d_outputs, tuple(np.zeros_like(d) for d in e.d_state))
    assert_same(e.case, parts(backward(over, e.d_outputs)), parts(expected))


COTANGENTS = [(cell, part) for cell in ONE_OF_EACH for part in ("outputs", *cell.state_names)]


@pytest.mark.parametrize(("cell", "part"), COTANGENTS, ids=[f"{short(c)}-{p}" for c, p in COTANGENTS])
def test_each_cotangent_alone_gives_its_own_derivative(cell: Cell, part: str) -> None:
    e = example(cell, seed=2, batch=5, time=4)
    alone = replace(
        e,
        d_outputs=e.d_outputs * (part == "outputs"),
        d_state=tuple(d * (part == name) for d, name in zip(e.d_state, cell.state_names, strict=True)),
    )
    assert_derivatives_match(alone)


def test_gradients_have_the_names_and_shapes_of_what_went_in() -> None:
    for cell in CELLS:
        e = example(cell, seed=0)
        found = backward(forward(cell, e.params, e.x, e.initial_state), e.d_outputs, e.d_state)
        inputs = Gradients(e.params, e.x, e.initial_state)
        shapes = {name: np.shape(array) for name, array in parts(inputs).items()}
        assert {name: np.shape(d) for name, d in parts(found).items()} == shapes, e.case
