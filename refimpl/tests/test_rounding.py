"""The rounding bound holds for what the oracle computes in float32 and float64, and is no larger than useful.

The truth is the oracle's own equations on decimals of 150 digits (`dual`), which `test_equations` and
`test_gradients` check; where two evaluations in floating point are compared, each may use up its own bound.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from .. import Cell, Gradients, Run, backward, forward
from ..rounding import bound, gradient_bound
from .dual import duals, true_digits, values
from .support import CELLS, Example, Parts, assert_within, each_cell, example, parts, short

SCALES = {
    "ordinary": 1.0,
    "saturating": 8.0,  # pre-activations up to 300: gates at 0 and 1, candidates at ±1
    "small": 2.0**-3,
    "tiny": 2.0**-70,  # products underflow in float32
    "subnormal": 2.0**-130,  # inputs are subnormal in float32
}
EXACTLY = ("ordinary", "saturating", "tiny")
each_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def both_ways(e: Example, **options: Any) -> tuple[Run, Gradients]:
    run = forward(e.cell, e.params, e.x, e.initial_state, **options)
    return run, backward(run, e.d_outputs, e.d_state)


def everything(e: Example, **options: Any) -> Parts:
    run, grads = both_ways(e, **options)
    return parts(run) | parts(grads)


def bounds(e: Example, dtype: Any, **options: Any) -> Parts:
    run = forward(e.cell, e.params, e.x, e.initial_state, **options)
    return parts(bound(run, dtype)) | parts(gradient_bound(run, dtype, e.d_outputs, e.d_state))


def in_decimals(array: Any) -> Any:
    return values(duals(Decimal, array))


@cache
def truth(cell: int, scale: float) -> Parts:
    """What `everything` is of the example of that number in `CELLS`."""
    e = example(CELLS[cell], seed=0, scale=scale)
    exactly = replace(
        e,
        params={name: duals(Decimal, array) for name, array in e.params.items()},
        x=duals(Decimal, e.x),
        initial_state=tuple(duals(Decimal, part) for part in e.initial_state),
        d_outputs=duals(Decimal, e.d_outputs),
        d_state=tuple(duals(Decimal, d) for d in e.d_state),
    )
    with true_digits():
        return {name: values(a) for name, a in everything(exactly).items()}


@each_cell
@pytest.mark.parametrize("scale", [SCALES[name] for name in EXACTLY], ids=EXACTLY)
@each_dtype
def test_the_oracle_lies_within_the_bound_of_the_truth(cell: Cell, scale: float, dtype: Any) -> None:
    e = example(cell, seed=0, scale=scale, dtype=dtype)
    got = {name: in_decimals(a) for name, a in everything(e).items()}
    assert_within(e.case, got, truth(CELLS.index(cell), scale), bounds(e, dtype))


@each_cell
@each_scale
def test_float32_and_float64_differ_by_no_more_than_their_bounds(cell: Cell, scale: float) -> None:
    for seed, reverse in [(0, True), (1, False)]:
        wide, narrow = (example(cell, seed, scale=scale, dtype=d) for d in (np.float64, np.float32))
        limits = (bounds(wide, dtype, reverse=reverse) for dtype in (np.float32, np.float64))
        got, expected = everything(narrow, reverse=reverse), everything(wide, reverse=reverse)
        assert_within(narrow.case, got, expected, *limits)


MASKED = [{"mask": np.random.default_rng(5).random((4, 5)) < 0.5}, {"lengths": [5, 0, 2, 3]}]


@each_cell
@pytest.mark.parametrize("options", MASKED, ids=["mask", "lengths"])
def test_the_bound_holds_where_steps_are_masked(cell: Cell, options: dict[str, Any]) -> None:
    wide, narrow = (example(cell, 1, dtype=d) for d in (np.float64, np.float32))
    limits = (bounds(wide, dtype, **options) for dtype in (np.float32, np.float64))
    assert_within(narrow.case, everything(narrow, **options), everything(wide, **options), *limits)


@each_cell
def test_the_bound_holds_in_another_order_of_summation(cell: Cell) -> None:
    """Features and units renamed: the same sums, their terms in another order."""
    wide, narrow = (example(cell, 2, dtype=d) for d in (np.float64, np.float32))
    units, hidden = np.array([2, 0, 1]), cell.hidden_size
    columns = np.concatenate([gate * hidden + units for gate in range(len(cell.gate_order))])
    rows = {"kernel": [1, 0], "recurrent_kernel": units}
    renamed = replace(
        narrow,
        params={n: (a[rows[n]] if n in rows else a)[..., columns] for n, a in narrow.params.items()},
        x=narrow.x[..., ::-1],
        initial_state=tuple(part[..., units] for part in narrow.initial_state),
    )
    got, _ = both_ways(renamed)
    expected = {name: a[..., units] for name, a in parts(both_ways(wide)[0]).items()}
    run, _ = both_ways(wide)
    limits = ({name: a[..., units] for name, a in parts(bound(run, d)).items()} for d in (np.float32, np.float64))
    assert_within(narrow.case, parts(got), expected, *limits)


@each_cell
def test_inputs_that_float32_cannot_hold_are_bounded_too(cell: Cell) -> None:
    thirds = example(cell, 3)
    wide = replace(
        thirds,
        params={name: array / 3 for name, array in thirds.params.items()},
        x=thirds.x / 3,
        initial_state=tuple(part / 3 for part in thirds.initial_state),
    )
    stored = replace(
        wide,
        params={name: array.astype(np.float32) for name, array in wide.params.items()},
        x=wide.x.astype(np.float32),
        initial_state=tuple(part.astype(np.float32) for part in wide.initial_state),
        d_outputs=wide.d_outputs.astype(np.float32),
        d_state=tuple(d.astype(np.float32) for d in wide.d_state),
    )
    limits = (bounds(wide, dtype) for dtype in (np.float32, np.float64))
    assert_within(wide.case, everything(stored), everything(wide), *limits)


KINKED = ("relu", "hard_sigmoid")
SMOOTH = [cell for cell in CELLS if not any(name in str(cell) for name in KINKED)]


@each_cell
@each_dtype
def test_the_bound_on_outputs_is_no_larger_than_useful(cell: Cell, dtype: Any) -> None:
    """Measured: up to 986 unit roundoffs, for outputs below 8 in magnitude, after 5 steps of 3 units."""
    run, _ = both_ways(example(cell, seed=0))
    largest = bound(run, dtype).outputs.max() / (np.finfo(dtype).eps / 2)
    assert 0 < largest < 1024, f"{cell}: the bound reaches {largest} unit roundoffs"


@pytest.mark.parametrize("cell", SMOOTH, ids=short)
@each_dtype
def test_the_bound_on_gradients_is_no_larger_than_useful(cell: Any, dtype: Any) -> None:
    """Measured: up to 23108 unit roundoffs, for gradients below 8 in magnitude; where nothing has a kink."""
    e = example(cell, seed=0)
    limits = parts(gradient_bound(both_ways(e)[0], dtype, e.d_outputs, e.d_state))
    largest = max(float(limit.max()) for limit in limits.values()) / (np.finfo(dtype).eps / 2)
    assert 0 < largest < 2**15, f"{cell}: the bound reaches {largest} unit roundoffs"


def gate_blocks(cell: Cell) -> list[tuple[str, slice]]:
    gates, hidden = len(cell.gate_order), cell.hidden_size
    columns = [slice(gate * hidden, (gate + 1) * hidden) for gate in range(gates)]
    return [(name, block) for name in cell.parameter_shapes for block in columns]


@each_cell
def test_a_weight_that_is_off_by_a_thousandth_shows_in_float32(cell: Cell) -> None:
    """The largest weight of each gate in each parameter; a small one may drown in the others' rounding."""
    e, narrow = example(cell, seed=0), example(cell, seed=0, dtype=np.float32)
    run, _ = both_ways(e)
    right, limits = parts(run), parts(bound(run, np.float32))
    for name, block in gate_blocks(cell):
        params = {key: array.copy() for key, array in narrow.params.items()}
        weights = params[name][..., block]
        weights[np.unravel_index(np.abs(weights).argmax(), weights.shape)] *= 1 + 2.0**-10
        wrong = parts(forward(cell, params, narrow.x, narrow.initial_state))
        caught = [part for part in right if (np.abs(wrong[part] - right[part]) > limits[part]).any()]
        assert caught, f"{e.case}: {name} columns {block.start} to {block.stop}: nothing shows"


def test_a_float32_run_has_the_bound_of_its_float64_twin() -> None:
    for cell in CELLS:
        wide, narrow = (both_ways(example(cell, 0, dtype=d))[0] for d in (np.float64, np.float32))
        limits = [parts(bound(run, np.float32)) for run in (narrow, wide)]
        different = [name for name in limits[0] if (limits[0][name] != limits[1][name]).any()]
        assert not different, f"{short(cell)}: {different}"
