"""Gradients against differentiation itself, in exact arithmetic: they must be equal, with no tolerance.

The forward pass runs on dual fractions whose slopes form a direction in the space of all inputs: the slope of
the loss ``sum(d_outputs * outputs) + sum(d_state * state)`` is its exact derivative along it (`dual`).
`backward` runs on fractions, and its gradients times the direction must add up to that number. The entries of
the direction are all different, so one wrong element shows; a failure then names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .. import Cell, Gradients, Run, backward, forward
from .dual import duals, slopes, values
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


def run(e: Example, direction: Mapping[str, Any], **options: Any) -> Run:
    """The example's forward run on dual fractions, with the direction (0 where it says nothing) as slopes."""

    def exact(name: str, array: Any) -> Any:
        return duals(Fraction, array, direction.get(name, 0.0))

    params = {name: exact(f"params[{name!r}]", array) for name, array in e.params.items()}
    state = tuple(exact(f"initial_state[{k}]", part) for k, part in enumerate(e.initial_state))
    return forward(e.cell, params, exact("x", e.x), state, **options)


def gradients(e: Example, **options: Any) -> dict[str, Any]:
    d_state = tuple(duals(Fraction, d) for d in e.d_state)
    found = backward(run(e, {}, **options), duals(Fraction, e.d_outputs), d_state)
    return {name: values(d) for name, d in parts(found).items()}


def derivative(e: Example, direction: Mapping[str, Any], **options: Any) -> Fraction:
    moved = run(e, direction, **options)
    pairs = [(e.d_outputs, moved.outputs), *zip(e.d_state, moved.state, strict=True)]
    exactly = [(values(duals(Fraction, d)), slopes(array)) for d, array in pairs]
    return sum(((d * slope).sum() for d, slope in exactly), Fraction(0))


def along(found: Mapping[str, Any], direction: Mapping[str, Any]) -> Fraction:
    """The gradients times the direction."""
    products = (found[name] * values(duals(Fraction, d)) for name, d in direction.items())
    return sum((product.sum() for product in products), Fraction(0))


def assert_derivatives_match(e: Example, **options: Any) -> None:
    found = gradients(e, **options)
    entries = iter(np.random.default_rng(11).permutation(1000) + 1.0)
    direction = {name: np.reshape([next(entries) for _ in d.flat], d.shape) for name, d in found.items()}
    if along(found, direction) == derivative(e, direction, **options):
        return
    for name, entry in direction.items():
        if along(found, {name: entry}) != derivative(e, {name: entry}, **options):
            where = first_wrong(e, found, name, entry, **options)
            unit = {name: np.zeros(entry.shape)}
            unit[name][where] = 1
            element = f"{name}{list(map(int, where))}"
            got, expected = found[name][where], derivative(e, unit, **options)
            assert_same(f"{e.case} {options}", {element: got}, {element: expected})
    pytest.fail(f"{e.case} {options}: gradients right one by one, wrong together")


def first_wrong(e: Example, found: Mapping[str, Any], name: str, entry: Any, **options: Any) -> Any:
    """The index of the first wrong element of one gradient, by halving the direction."""
    low, high = 0, entry.size
    while high - low > 1:
        middle = (low + high) // 2
        inside = (np.arange(entry.size) >= low) & (np.arange(entry.size) < middle)
        half = {name: np.where(inside.reshape(entry.shape), entry, 0)}
        right = along(found, half) == derivative(e, half, **options)
        low, high = (middle, high) if right else (low, middle)
    return np.unravel_index(low, entry.shape)


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


def test_every_gradient_is_the_derivative_in_reverse() -> None:
    for cell in ONE_OF_EACH:
        assert_derivatives_match(example(cell, seed=6), reverse=True)


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
