"""The laws of dropout's factors; `test_equations` and `test_gradients` have the textbook and the derivative."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .. import Cell, backward, forward
from .support import (
    BATCH,
    Example,
    assert_same,
    assert_within,
    both_ways,
    bounds_of,
    each_cell,
    each_direction,
    each_shape,
    example,
    factors_of,
    parts,
    run,
)


def assert_alike(e: Example, one: dict[str, Any], other: dict[str, Any], **options: Any) -> None:
    """Both give the same but for rounding, each within its own bound."""
    limits = []
    for factors in (one, other):
        over = run(e, dropout=factors, **options)
        limits.append(bounds_of(over, np.float64, e.d_outputs, e.d_state))
    first, second = (both_ways(e, dropout=factors, **options) for factors in (one, other))
    got, expected = (parts(over) | parts(grads) for over, grads in (first, second))
    assert_within(e.case, got, expected, *limits)


@each_cell
def test_factors_of_one_change_nothing(cell: Cell) -> None:
    e = example(cell, seed=0)
    ones = {name: np.ones_like(a) for name, a in factors_of(cell, 0).items()}
    for got, expected in zip(both_ways(e, dropout=ones), both_ways(e), strict=True):
        assert_same(e.case, parts(got), parts(expected))


@each_shape
@each_direction
def test_the_same_factors_for_every_gate_are_shared_factors(cell: Cell, reverse: bool) -> None:
    shared = factors_of(cell, 1)
    a_gate = {name: np.stack([a] * len(cell.gate_order)) for name, a in shared.items()}
    assert_alike(example(cell, seed=1), shared, a_gate, reverse=reverse)


@each_cell
def test_factors_of_the_input_are_a_scaled_input(cell: Cell) -> None:
    e = example(cell, seed=2)
    factors = factors_of(cell, 2)["input"]
    over, grads = both_ways(e, dropout={"input": factors})
    scaled = both_ways(replace(e, x=e.x * factors[:, None]))
    assert_same(e.case, parts(over), parts(scaled[0]))
    assert_same(e.case, parts(grads), parts(scaled[1]) | {"x": scaled[1].x * factors[:, None]})


@each_cell
def test_without_any_hidden_state_the_recurrent_kernel_does_not_matter(cell: Cell) -> None:
    e = example(cell, seed=3)
    nothing = {"recurrent": np.zeros((BATCH, cell.output_size))}
    zeros = e.params | {"recurrent_kernel": np.zeros_like(e.params["recurrent_kernel"])}
    over, grads = both_ways(e, dropout=nothing)
    expected = parts(forward(cell, zeros, e.x, e.initial_state))
    expected |= {n: a for n, a in parts(over).items() if n == "gates['m']"}  # the reset's operand may be h itself
    assert_same(e.case, parts(over), expected)
    without = {"recurrent_kernel": grads.params["recurrent_kernel"]}
    assert_same(e.case, without, {name: np.zeros_like(a) for name, a in without.items()})


@each_shape
@each_direction
def test_factors_that_fit_in_float32_are_bounded_in_it(cell: Cell, reverse: bool) -> None:
    for a_gate in (False, True):
        wide, narrow = (example(cell, 5, dtype=d) for d in (np.float64, np.float32))
        factors = [factors_of(cell, 5, a_gate=a_gate, dtype=d) for d in (np.float64, np.float32)]
        over, grads = both_ways(wide, dropout=factors[0], reverse=reverse)
        limits = [bounds_of(over, d, wide.d_outputs, wide.d_state) for d in (np.float32, np.float64)]
        got = both_ways(narrow, dropout=factors[1], reverse=reverse)
        found = parts(got[0]) | parts(got[1])
        assert {a.dtype for a in found.values()} == {np.dtype(np.float32)}
        assert_within(narrow.case, found, parts(over) | parts(grads), *limits)


@each_shape
def test_the_factors_of_a_run_are_kept_and_not_changed(cell: Cell) -> None:
    e = example(cell, seed=0)
    factors = factors_of(cell, 0, a_gate=True)
    before = {name: a.copy() for name, a in factors.items()}
    over = run(e, dropout=factors)
    backward(over, e.d_outputs, e.d_state)
    assert_same(e.case, factors, before)
    assert_same(e.case, {name: np.stack(kept or ()) for name, kept in over.dropout.items()}, before)
