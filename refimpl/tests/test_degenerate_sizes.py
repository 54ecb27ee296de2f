"""Nothing, one and the smallest: no batch, no time, one step, one unit. Deliberately degenerate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .. import Cell, Stack
from ..sampling import moments
from ..sampling import named as quantities_of
from .derivatives import assert_derivatives_match
from .dual import duals, values
from .support import (
    BATCH,
    CELLS,
    ONE_OF_EACH,
    SHAPES_OF_CELLS,
    STACKS,
    TIME,
    AnyCell,
    Example,
    assert_follows_the_textbook,
    assert_same,
    both_ways,
    bounds_of,
    each_cell,
    each_direction,
    example,
    factors_of,
    named_cells,
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


each_size = pytest.mark.parametrize(
    "cell",
    [*SHAPES_OF_CELLS, *(STACKS[name] for name in ("forward", "ave", "two ways, two layers"))],
    ids=lambda cell: short(cell) if not isinstance(cell, Stack) else next(n for n in STACKS if STACKS[n] is cell),
)


def shapes_of(cell: AnyCell, batch: int, time: int) -> dict[str, tuple[int, ...]]:
    """Of everything but parameters that a run and its gradients hold."""
    found: dict[str, tuple[int, ...]] = {
        "outputs": (batch, time, cell.output_size),
        "x": (batch, time, cell.input_size),
    }
    for k, size in enumerate(cell.state_sizes):
        found |= {f"state[{k}]": (batch, size), f"initial_state[{k}]": (batch, size)}
    for where, each in named_cells(cell):
        for name in each.gate_names:
            width = len(each.gate_order) if name == "a" else 1
            found[f"gates[{where + name!r}]"] = (batch, time, width * each.hidden_size)
    return found


MASKS: dict[str, dict[str, Any]] = {
    "whole": {},
    "mask": {"mask": np.ones((0, TIME), bool)},
    "zeros": {"mask": np.ones((0, TIME), bool), "masked_output": "zeros"},
    "lengths": {"lengths": np.ones(0, np.int64)},
}


@each_size
@each_kind
@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_an_empty_batch_gives_empty_arrays_and_zero_gradients(cell: AnyCell, kind: Any, options: Any) -> None:
    e = of_kind(example(cell, seed=0, batch=0), kind)
    run, grads = both_ways(e, **options)
    shapes = {name: a.shape for name, a in (parts(run) | parts(grads)).items() if "params" not in name}
    assert shapes == shapes_of(cell, 0, TIME)
    zeros = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    assert_same(e.case, grads.params, zeros)
    assert {a.dtype for a in (parts(run) | parts(grads)).values()} == {np.dtype(kind)}


TIMELESS: dict[str, dict[str, Any]] = {
    "whole": {},
    "mask": {"mask": np.ones((BATCH, 0), bool)},
    "lengths": {"lengths": [0] * BATCH},
    "reverse": {"reverse": True},
}


@each_size
@each_kind
@pytest.mark.parametrize("options", TIMELESS.values(), ids=TIMELESS)
def test_no_time_step_leaves_the_initial_state(cell: AnyCell, kind: Any, options: dict[str, Any]) -> None:
    if isinstance(cell, Stack) and "reverse" in options:
        return  # a stack has its directions in its layers
    e = of_kind(example(cell, seed=0, time=0), kind)
    run, grads = both_ways(e, **options)
    assert_same(e.case, *({str(k): p for k, p in enumerate(s)} for s in (run.state, e.initial_state)))
    shapes = {name: a.shape for name, a in (parts(run) | parts(grads)).items() if "params" not in name}
    assert shapes == shapes_of(cell, BATCH, 0)
    assert {a.dtype for a in (parts(run) | parts(grads)).values()} == {np.dtype(kind)}


@each_size
@each_kind
def test_no_time_step_hands_the_cotangent_of_the_state_back(cell: AnyCell, kind: Any) -> None:
    e = of_kind(example(cell, seed=0, time=0), kind)
    _, grads = both_ways(e)
    assert_same(e.case, *({str(k): p for k, p in enumerate(s)} for s in (grads.initial_state, e.d_state)))
    zeros = {name: np.zeros(shape) for name, shape in cell.parameter_shapes.items()}
    assert_same(e.case, grads.params, zeros)
    assert grads.x.shape == (BATCH, 0, cell.input_size)


@each_size
@pytest.mark.parametrize("sizes", [{"batch": 0}, {"time": 0}], ids=["no batch", "no time"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_of_nothing_the_rounding_bound_is_zero(cell: AnyCell, sizes: dict[str, int], dtype: Any) -> None:
    e = example(cell, seed=0, **sizes)
    run, grads = both_ways(e)
    limits = bounds_of(run, dtype, e.d_outputs, e.d_state)
    assert_same(e.case, limits, {n: np.zeros(a.shape) for n, a in (parts(run) | parts(grads)).items()})


@each_size
@pytest.mark.parametrize("sizes", [{"batch": 0}, {"time": 0}, {"batch": 0, "time": 0}, {"batch": 1, "time": 1}])
@pytest.mark.parametrize("name", ["float64", "float16", "float32, products in TF32", "bfloat16, sums in float32"])
@pytest.mark.parametrize("careful", [False, True])
def test_of_nothing_and_of_the_smallest_there_is_a_spread(
    cell: AnyCell, sizes: dict[str, int], name: str, careful: bool
) -> None:
    e = example(cell, seed=0, **sizes)
    run, grads = both_ways(e)
    found = moments(run, name, e.d_outputs, e.d_state, careful=careful)
    for quantity, value in quantities_of(run, grads, cell.state_names).items():
        assert found[quantity].deviation.shape == found[quantity].chaotic.shape == value.shape, quantity
        assert (found[quantity].deviation >= 0).all(), quantity
        assert value.size or not found[quantity].deviation.any(), quantity


@each_size
@pytest.mark.parametrize("sizes", [{"batch": 0}, {"time": 0}], ids=["no batch", "no time"])
def test_dropout_of_nothing_changes_nothing(cell: AnyCell, sizes: dict[str, int]) -> None:
    e = example(cell, seed=0, **sizes)
    dropped = both_ways(e, dropout=factors_of(cell, seed=0, a_gate=True, **sizes))
    for got, expected in zip(dropped, both_ways(e), strict=True):
        assert_same(e.case, parts(got), parts(expected))


def small(cell: Cell, **sizes: int) -> Cell:
    if getattr(cell, "proj_size", 0) and "hidden_size" in sizes:
        sizes |= {"hidden_size": 2, "proj_size": 1}
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
    assert_follows_the_textbook(e)


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
