"""Gradients against differentiation itself (`derivatives`), and cotangents that are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import Cell, Gradients, Stack, backward, forward
from .derivatives import assert_derivatives_match
from .support import (
    BATCH,
    CELLS,
    SHAPES_OF_CELLS,
    STACKS,
    TIME,
    Example,
    assert_same,
    each_cell,
    each_direction,
    each_shape,
    each_stack,
    example,
    factors_of,
    one_of_each,
    parts,
    short,
)

MASK = np.random.default_rng(7).random((BATCH, TIME)) < 0.6
MASK[1] = False  # one row with no step at all
HOLDS = {
    "repeat": {"mask": MASK},
    "zeros": {"mask": MASK, "masked_output": "zeros"},
    "state": {"mask": MASK, "masked_output": "state"},
    "lengths": {"lengths": np.array([3, 0, 5, 1])},
}


@each_cell
def test_every_gradient_is_the_derivative(cell: Cell) -> None:
    assert_derivatives_match(example(cell, seed=5, batch=3, time=4))


@one_of_each
@each_direction
@pytest.mark.parametrize("options", HOLDS.values(), ids=HOLDS)
def test_every_gradient_is_the_derivative_where_steps_are_masked(
    cell: Cell, reverse: bool, options: dict[str, Any]
) -> None:
    assert_derivatives_match(example(cell, seed=6), reverse=reverse, **options)


@each_shape
def test_every_gradient_is_the_derivative_in_reverse(cell: Cell) -> None:
    assert_derivatives_match(example(cell, seed=6, batch=2, time=3), reverse=True)


SMALL = {"batch": 3, "time": 3}
SMALL_MASK = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 0]], bool)
ORDERS: dict[str, dict[str, Any]] = {
    "processing order": {"reverse": True, "output_order": "processing"},
    "last output": {"return_sequences": False},
    "last output in reverse": {"return_sequences": False, "reverse": True},
    "last output, repeated": {"return_sequences": False, "mask": SMALL_MASK},
    "last output, zeros": {"return_sequences": False, "mask": SMALL_MASK, "masked_output": "zeros", "reverse": True},
    "processing order, masked": {"reverse": True, "output_order": "processing", "mask": SMALL_MASK},
}


@one_of_each
@pytest.mark.parametrize("options", ORDERS.values(), ids=ORDERS)
def test_every_gradient_is_the_derivative_whatever_is_returned(cell: Cell, options: dict[str, Any]) -> None:
    assert_derivatives_match(example(cell, seed=7, **SMALL), **options)


@each_cell
@pytest.mark.parametrize("a_gate", [False, True], ids=["shared", "one a gate"])
def test_every_gradient_is_the_derivative_where_factors_drop_out(cell: Cell, a_gate: bool) -> None:
    sizes = {"batch": 2, "time": 3}
    factors = factors_of(cell, seed=5, a_gate=a_gate, **sizes)
    assert_derivatives_match(example(cell, seed=5, **sizes), dropout=factors)


OF_STACKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "last output of what is masked, dropout": {"mask": SMALL_MASK, "return_sequences": False, "a_gate": True},
    "lengths, dropout": {"lengths": [3, 0, 2], "a_gate": False},
}


@each_stack
@pytest.mark.parametrize("options", OF_STACKS.values(), ids=OF_STACKS)
def test_every_gradient_of_a_stack_is_the_derivative(stack: Stack, options: dict[str, Any]) -> None:
    if "a_gate" in options:
        options = dict(options)
        options["dropout"] = factors_of(stack, seed=8, a_gate=options.pop("a_gate"), **SMALL)
    assert_derivatives_match(example(stack, seed=8, **SMALL), **options)


@pytest.mark.parametrize("policy", ["repeat", "zeros"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_every_gradient_of_a_masked_stack_is_the_derivative(policy: str, return_sequences: bool) -> None:
    options = {"mask": SMALL_MASK, "masked_output": policy, "return_sequences": return_sequences}
    assert_derivatives_match(example(STACKS["two ways, two layers"], seed=9, **SMALL), **options)


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


@each_shape
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


COTANGENTS = [(cell, part) for cell in SHAPES_OF_CELLS for part in ("outputs", *cell.state_names)]


@pytest.mark.parametrize(("cell", "part"), COTANGENTS, ids=[f"{short(c)}-{p}" for c, p in COTANGENTS])
def test_each_cotangent_alone_gives_its_own_derivative(cell: Cell, part: str) -> None:
    e = example(cell, seed=2, batch=2, time=3)
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
