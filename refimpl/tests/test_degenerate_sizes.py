"""Nothing, one and the smallest: no batch, no time, one step, one unit. Deliberately degenerate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .. import Cell, Gradients, Run, backward, forward
from ..rounding import bound, gradient_bound
from . import naive
from .derivatives import assert_derivatives_match
from .dual import duals, values
from .support import (
    BATCH,
    CELLS,
    HIDDEN,
    INPUT,
    ONE_OF_EACH,
    TIME,
    Example,
    assert_same,
    assert_within,
    each_cell,
    each_direction,
    example,
    one_of_each,
    parts,
    short,
)

each_kind = pytest.mark.parametrize("kind", [np.float64, np.float32, object], ids=["f64", "f32", "object"])


def of_kind(e: Example, kind: Any) -> Example:
    """The example in float64, in float32, or in fractions."""

    def converted(array: Any) -> Any:
        return values(duals(Fraction, array)) if kind is object else array.astype(kind)

    return replace(
        e,
        params={name: converted(array) for name, array in e.params.items()},
        x=converted(e.x),
        initial_state=tuple(converted(part) for part in e.initial_state),
        d_outputs=converted(e.d_outputs),
        d_state=tuple(converted(d) for d in e.d_state),
    )


def both_ways(e: Example, **options: Any) -> tuple[Run, Gradients]:
    run = forward(e.cell, e.params, e.x, e.initial_state, **options)
    return run, backward(run, e.d_outputs, e.d_state)


MASKS: dict[str, dict[str, Any]] = {
    "whole": {},
    "mask": {"mask": np.ones((0, TIME), bool)},
    "zeros": {"mask": np.ones((0, TIME), bool), "masked_output": "zeros"},
    "lengths": {"lengths": np.ones(0, np.int64)},
}


@one_of_each
@each_kind
@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_an_empty_batch_gives_empty_arrays_and_zero_gradients(cell: Cell, kind: Any, options: dict[str, Any]) -> None:
    e = of_kind(example(cell, seed=0, batch=0), kind)
    run, grads = both_ways(e, **options)
    shapes = {name: a.shape for name, a in (parts(run) | parts(grads)).items() if "params" not in name}
    inputs = {"x": (0, TIME, INPUT)} | {f"initial_state[{k}]": (0, HIDDEN) for k in range(len(run.state))}
    states = {f"state[{k}]": (0, HIDDEN) for k in range(len(run.state))}
    assert shapes == {name: (0, TIME, HIDDEN) for name in shapes} | inputs | states
    zeros = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    assert_same(e.case, grads.params, zeros)
    assert {a.dtype for a in (parts(run) | parts(grads)).values()} == {np.dtype(kind)}


TIMELESS: dict[str, dict[str, Any]] = {
    "whole": {},
    "mask": {"mask": np.ones((BATCH, 0), bool)},
    "lengths": {"lengths": [0] * BATCH},
    "reverse": {"reverse": True},
}


@one_of_each
@each_kind
@pytest.mark.parametrize("options", TIMELESS.values(), ids=TIMELESS)
def test_no_time_step_leaves_the_initial_state(cell: Cell, kind: Any, options: dict[str, Any]) -> None:
    e = of_kind(example(cell, seed=0, time=0), kind)
    run, grads = both_ways(e, **options)
    assert_same(e.case, *({str(k): p for k, p in enumerate(s)} for s in (run.state, e.initial_state)))
    steps = {name: a.shape for name, a in parts(run).items() if not name.startswith("state")}
    assert steps == {name: (BATCH, 0, HIDDEN) for name in steps}
    assert {a.dtype for a in (parts(run) | parts(grads)).values()} == {np.dtype(kind)}


@each_cell
@each_kind
def test_no_time_step_hands_the_cotangent_of_the_state_back(cell: Cell, kind: Any) -> None:
    e = of_kind(example(cell, seed=0, time=0), kind)
    _, grads = both_ways(e)
    assert_same(e.case, *({str(k): p for k, p in enumerate(s)} for s in (grads.initial_state, e.d_state)))
    zeros = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    assert_same(e.case, grads.params, zeros)
    assert grads.x.shape == (BATCH, 0, INPUT)


@one_of_each
@pytest.mark.parametrize("sizes", [{"batch": 0}, {"time": 0}], ids=["no batch", "no time"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_of_nothing_the_rounding_bound_is_zero(cell: Cell, sizes: dict[str, int], dtype: Any) -> None:
    e = example(cell, seed=0, **sizes)
    run, grads = both_ways(e)
    limits = parts(bound(run, dtype)) | parts(gradient_bound(run, dtype, e.d_outputs, e.d_state))
    assert_same(e.case, limits, {n: np.zeros(a.shape) for n, a in (parts(run) | parts(grads)).items()})


def small(cell: Cell, **sizes: int) -> Cell:
    return replace(cell, **sizes)  # type: ignore[type-var]


SMALL = [
    pytest.param(small(cell, **sizes), shape, id=f"{short(cell)}-{name}")
    for name, cells, sizes, shape in (
        ("one step", CELLS, {}, {"time": 1}),
        ("one unit", CELLS, {"hidden_size": 1}, {"batch": 3, "time": 4}),
        ("one feature", ONE_OF_EACH, {"input_size": 1}, {"batch": 2, "time": 4}),
        ("one of all", ONE_OF_EACH, {"hidden_size": 1, "input_size": 1}, {"time": 1, "batch": 1}),
    )
    for cell in cells
]


@pytest.mark.parametrize(("cell", "shape"), SMALL)
def test_the_smallest_sizes_follow_the_textbook(cell: Cell, shape: dict[str, int]) -> None:
    e = example(cell, seed=1, **shape)
    run = forward(cell, e.params, e.x, e.initial_state)
    outputs, state, gates = naive.run(cell, e.params, e.x, e.initial_state)
    expected = {"outputs": outputs} | {f"state[{k}]": part for k, part in enumerate(state)}
    expected |= {f"gates[{name!r}]": gate for name, gate in gates.items()}
    rounding = parts(bound(run, np.float64))
    assert_within(e.case, parts(run), expected, rounding, rounding)


@pytest.mark.parametrize(("cell", "shape"), SMALL)
def test_the_smallest_sizes_have_the_derivative_as_gradient(cell: Cell, shape: dict[str, int]) -> None:
    assert_derivatives_match(example(cell, seed=1, **shape))


@each_cell
@each_direction
def test_one_step_is_the_same_in_either_direction(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=2, time=1)
    run, grads = both_ways(e, reverse=reverse)
    expected = both_ways(e)
    assert_same(e.case, parts(run), parts(expected[0]))
    assert_same(e.case, parts(grads), parts(expected[1]))
