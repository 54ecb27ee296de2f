"""The rounding bound holds for what the oracle computes in float32 and float64, and is no larger than useful.

The truth is the oracle's own equations on decimals of 150 digits (`dual`), which `test_equations` and
`test_gradients` check; where two evaluations in floating point are compared, each may use up its own bound.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import Cell, forward
from ..rounding import bound, gradient_bound
from .dual import duals, true_digits, values
from .support import (
    CELLS,
    HIDDEN,
    Example,
    Parts,
    assert_within,
    both_ways,
    bounds_of,
    each_cell,
    each_shape,
    example,
    parts,
    run,
    short,
)

SCALES = {
    "ordinary": 1.0,
    "saturating": 8.0,  # pre-activations up to 300: gates at 0 and 1, candidates at ±1
    "small": 2.0**-3,
    "tiny": 2.0**-70,  # products underflow in float32
    "subnormal": 2.0**-130,  # inputs are subnormal in float32
}
EXACTLY = [(cell, scale) for scale in ("ordinary", "saturating", "tiny") for cell in CELLS]
EXACTLY = [(cell, scale) for cell, scale in EXACTLY if scale == "ordinary" or cell.hidden_size == HIDDEN]
each_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def everything(e: Example, **options: Any) -> Parts:
    over, grads = both_ways(e, **options)
    return parts(over) | parts(grads)


def bounds(e: Example, dtype: Any, **options: Any) -> Parts:
    over = run(e, **options)
    return bounds_of(over, dtype, e.d_outputs, e.d_state)


def in_decimals(array: Any) -> Any:
    return values(duals(Decimal, array))


def truth(cell: Cell, scale: float) -> Parts:
    """What `everything` is of the cell's example."""
    e = example(cell, seed=0, scale=scale)
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


@pytest.mark.parametrize(("cell", "scale"), EXACTLY, ids=[f"{short(cell)}-{scale}" for cell, scale in EXACTLY])
def test_the_oracle_lies_within_the_bound_of_the_truth(cell: Cell, scale: str) -> None:
    expected = truth(cell, SCALES[scale])
    for dtype in (np.float64, np.float32):
        e = example(cell, seed=0, scale=SCALES[scale], dtype=dtype)
        got = {name: in_decimals(a) for name, a in everything(e).items()}
        assert_within(f"{e.case} {np.dtype(dtype)}", got, expected, bounds(e, dtype))


@each_cell
@each_scale
def test_float32_and_float64_differ_by_no_more_than_their_bounds(cell: Cell, scale: float) -> None:
    for seed, reverse in [(0, True), (1, False)] if scale == 1 else [(2, scale > 1)]:
        wide, narrow = (example(cell, seed, scale=scale, dtype=d) for d in (np.float64, np.float32))
        limits = (bounds(wide, dtype, reverse=reverse) for dtype in (np.float32, np.float64))
        got, expected = everything(narrow, reverse=reverse), everything(wide, reverse=reverse)
        assert_within(narrow.case, got, expected, *limits)


MASKED = [{"mask": np.random.default_rng(5).random((4, 5)) < 0.5}, {"lengths": [5, 0, 2, 3]}]


@each_shape
@pytest.mark.parametrize("options", MASKED, ids=["mask", "lengths"])
def test_the_bound_holds_where_steps_are_masked(cell: Cell, options: dict[str, Any]) -> None:
    wide, narrow = (example(cell, 1, dtype=d) for d in (np.float64, np.float32))
    limits = (bounds(wide, dtype, **options) for dtype in (np.float32, np.float64))
    assert_within(narrow.case, everything(narrow, **options), everything(wide, **options), *limits)


@each_cell
def test_the_bound_holds_in_another_order_of_summation(cell: Cell) -> None:
    """Features and units renamed: the same sums, their terms in another order."""
    wide, narrow = (example(cell, 2, dtype=d) for d in (np.float64, np.float32))
    units, outputs = np.arange(cell.hidden_size)[::-1], np.array([2, 0, 1])
    if cell.output_size == cell.hidden_size:
        units = outputs  # the hidden state's units are the cell's

    def blocks(count: int) -> Any:
        return np.concatenate([block * cell.hidden_size + units for block in range(count)])

    gates = blocks(len(cell.gate_order))
    of_params: dict[str, tuple[Any, ...]] = {
        "kernel": ([1, 0], gates),
        "recurrent_kernel": (outputs, gates),
        "bias": (gates,),
        "recurrent_bias": (gates,),
        "peepholes": (blocks(3),),
        "projection_kernel": (units, outputs),
    }
    of_states = (outputs, units)
    renamed = replace(
        narrow,
        params={name: a[np.ix_(*of_params[name])] for name, a in narrow.params.items()},
        x=narrow.x[..., ::-1],
        initial_state=tuple(part[..., o] for part, o in zip(narrow.initial_state, of_states, strict=False)),
    )
    names = {"outputs": outputs, "state[0]": outputs, "gates['a']": gates}

    def in_order(named: Parts) -> Parts:
        return {name: a[..., names.get(name, units)] for name, a in named.items()}

    over = run(wide)
    limits = (in_order(parts(bound(over, d))) for d in (np.float32, np.float64))
    assert_within(narrow.case, parts(run(renamed)), in_order(parts(over)), *limits)


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
    """Measured: up to 986 unit roundoffs, for outputs below 8 in magnitude, after 5 steps of 3 units; of 6, 4360."""
    over = run(example(cell, seed=0))
    largest = bound(over, dtype).outputs.max() / (np.finfo(dtype).eps / 2)
    limit = 2**10 if cell.hidden_size == HIDDEN else 2**13
    assert 0 < largest < limit, f"{cell}: the bound reaches {largest} unit roundoffs"


@pytest.mark.parametrize("cell", SMOOTH, ids=short)
@each_dtype
def test_the_bound_on_gradients_is_no_larger_than_useful(cell: Any, dtype: Any) -> None:
    """Measured: up to 23108 unit roundoffs, for gradients below 8 in magnitude, where nothing has a kink.

    Of the wide cells 837146, for gradients up to 16.
    """
    e = example(cell, seed=0)
    limits = parts(gradient_bound(both_ways(e)[0], dtype, e.d_outputs, e.d_state))
    largest = max(float(limit.max()) for limit in limits.values()) / (np.finfo(dtype).eps / 2)
    assert 0 < largest < (2**15 if cell.hidden_size == HIDDEN else 2**20), (
        f"{cell}: the bound reaches {largest} unit roundoffs"
    )


def gate_blocks(cell: Cell) -> list[tuple[str, slice]]:
    """Each gate's columns in each parameter; not those of a forget gate that is coupled."""
    found = []
    for name, shape in cell.parameter_shapes.items():
        gates = {"peepholes": ("i", "f", "o"), "projection_kernel": ("h",)}.get(name, cell.gate_order)
        width = shape[-1] // len(gates)
        columns = [(gate, slice(k * width, (k + 1) * width)) for k, gate in enumerate(gates)]
        coupled = getattr(cell, "input_forget", False)
        found += [(name, block) for gate, block in columns if not (coupled and gate == "f")]
    return found


@each_cell
def test_a_weight_that_is_off_by_a_thousandth_shows_in_float32(cell: Cell) -> None:
    """The largest weight of each gate in each parameter; a small one may drown in the others' rounding."""
    e, narrow = example(cell, seed=0), example(cell, seed=0, dtype=np.float32)
    over = run(e)
    right, limits = parts(over), parts(bound(over, np.float32))
    for name, block in gate_blocks(cell):
        params = {key: array.copy() for key, array in narrow.params.items()}
        weights = params[name][..., block]
        weights[np.unravel_index(np.abs(weights).argmax(), weights.shape)] *= 1 + 2.0**-10
        wrong = parts(forward(cell, params, narrow.x, narrow.initial_state))
        caught = [part for part in right if (np.abs(wrong[part] - right[part]) > limits[part]).any()]
        assert caught, f"{e.case}: {name} columns {block.start} to {block.stop}: nothing shows"


def test_a_float32_run_has_the_bound_of_its_float64_twin() -> None:
    for cell in CELLS:
        wide, narrow = (run(example(cell, 0, dtype=d)) for d in (np.float64, np.float32))
        limits = [parts(bound(over, np.float32)) for over in (narrow, wide)]
        different = [name for name in limits[0] if (limits[0][name] != limits[1][name]).any()]
        assert not different, f"{short(cell)}: {different}"
