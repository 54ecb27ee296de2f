"""Precisions that NumPy rounds to, or that nobody here computes in: the numbers themselves, and the bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, SimpleRNN, forward
from ..activations import NAMES, named
from ..precision import Precision
from ..rounding import bound, is_smooth
from ..running import unroll, unroll_adjoint
from .emulated import Machine, emulated
from .support import (
    CELLS,
    STACKS,
    AnyCell,
    Example,
    Parts,
    assert_within,
    both_ways,
    bounds_of,
    each_cell,
    each_shape,
    example,
    factors_of,
    parts,
    run,
    short,
)

each_half = pytest.mark.parametrize("name", ["float16", "bfloat16"])
COARSER = ("float32", "float16", "bfloat16")


# --- the numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_precision_is_that_of_numpys_dtype(dtype: Any) -> None:
    info, found = np.finfo(dtype), Precision.of(dtype)
    assert found is Precision.of(np.dtype(dtype)) is Precision.of(np.dtype(dtype).name)
    assert found.unit_roundoff == float(info.eps) / 2
    assert found.smallest_normal == float(info.smallest_normal)
    assert found.largest == float(info.max)


def test_bfloat16_is_a_float32_cut_short() -> None:
    found = Precision.of("bfloat16")
    assert (found.unit_roundoff, found.smallest_normal) == (2.0**-8, 2.0**-126)
    assert found.largest == float(np.array(0x7F7F0000, np.uint32).view(np.float32))


def test_of_as_many_roundings_as_the_precision_has_numbers_nothing_is_said() -> None:
    found = Precision.of("bfloat16")
    assert found.gamma(255) == 255.0
    assert found.gamma(256) == np.inf
    assert found.gamma(257) == np.inf


def between(numbers: Any) -> Any:
    """The numbers, the middle of each two neighbours, where rounding has to choose, and what is just beside it."""
    numbers = np.unique(numbers[np.isfinite(numbers)].astype(np.float64))
    middle = (numbers[1:] + numbers[:-1]) / 2
    beside = [np.nextafter(middle, side) for side in (-np.inf, np.inf)]
    beyond = np.array([1.0, 1.0 + 2.0**-13, 1.0 + 2.0**-12, 2.0, 1e10]) * numbers[-1]
    return np.concatenate([numbers, middle, *beside, beyond, -beyond, [np.inf, -np.inf, 0.0]])


def test_float16_is_rounded_as_numpy_rounds_it() -> None:
    """All numbers of it, all ties, all that stands beside them, subnormal and too large ones included."""
    value = between(np.arange(2**16, dtype=np.uint16).view(np.float16))
    with np.errstate(over="ignore", invalid="ignore"):
        expected = value.astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(Precision.of("float16").stored(value), expected)


def float32_numbers() -> Any:
    """Some of every exponent, subnormal numbers and the largest among them."""
    bits = np.random.default_rng(0).integers(0, 2**23, (256, 40), np.uint32)
    bits[:, 0], bits[:, 1], bits[:, 2] = 0, 2**23 - 1, 1
    return ((np.arange(256, dtype=np.uint32)[:, None] << 23) | bits).ravel().view(np.float32)


def test_float32_is_rounded_as_numpy_rounds_it() -> None:
    numbers = float32_numbers()
    with np.errstate(over="ignore", invalid="ignore"):
        neighbours = np.concatenate([numbers, np.nextafter(numbers, np.float32(np.inf))])
        value = between(neighbours)
        expected = value.astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(Precision.of(np.float32).stored(value), expected)


def test_bfloat16_is_the_upper_half_of_a_float32_rounded_to_even() -> None:
    numbers = float32_numbers()
    ties = (numbers.view(np.uint32) & 0xFFFF0000) | 0x7FFF  # just below
    numbers = np.concatenate([numbers, *((ties + k).astype(np.uint32).view(np.float32) for k in (0, 1, 2))])
    numbers = numbers[np.isfinite(numbers)]
    numbers = np.concatenate([numbers, -numbers])
    bits = numbers.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    expected = rounded.astype(np.uint32).view(np.float32).astype(np.float64)
    np.testing.assert_array_equal(Precision.of("bfloat16").stored(numbers.astype(np.float64)), expected)


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16", "float64"])
def test_what_is_no_number_stays_what_it_is(name: str) -> None:
    stored = Precision.of(name).stored(np.array([np.nan, np.inf, -np.inf, 0.0]))
    np.testing.assert_array_equal(stored, [np.nan, np.inf, -np.inf, 0.0])


# --- the bounds -------------------------------------------------------------------------------------------------------


def computed(machine: Machine, e: Any, over: Any) -> Parts:
    """Everything that the machine computes of a run."""

    def on(array: Any) -> Any:
        return emulated(machine, np.asarray(array))

    its = unroll(
        e.cell,
        {name: on(a) for name, a in e.params.items()},
        on(over.x),  # what is masked is no longer in it
        tuple(on(part) for part in e.initial_state),
        over.traversal,
        {name: factors and tuple(on(factor) for factor in factors) for name, factors in over.dropout.items()},
    )
    grads = unroll_adjoint(its, on(e.d_outputs[:, : over.outputs.shape[1]]), tuple(on(d) for d in e.d_state))
    return {name: np.asarray(a) for name, a in (parts(its) | parts(grads)).items()}


def assert_bounded(name: str, cell: AnyCell, scale: float = 1.0, batch: int = 2, time: int = 3, **options: Any) -> None:
    precision = Precision.of(name)
    e = example(cell, seed=0, batch=batch, time=time, scale=scale)
    over, grads = both_ways(e, **options)
    d_outputs = e.d_outputs[:, : over.outputs.shape[1]]
    limits = [bounds_of(over, p, d_outputs, e.d_state) for p in (name, np.float64)]
    truth = parts(over) | parts(grads)
    for machine in (Machine(precision), Machine(precision, backwards=True, flushes=True)):
        found = computed(machine, e, over)
        for part, a in found.items():
            np.testing.assert_array_equal(precision.stored(a), a, f"{part}: no numbers of {name}")
        assert_within(f"{e.case} {name} {machine}", found, truth, *limits)


@each_cell
@each_half
def test_what_is_computed_in_low_precision_lies_within_its_bound(cell: AnyCell, name: str) -> None:
    assert_bounded(name, cell)


@each_shape
@each_half
def test_what_underflows_in_low_precision_lies_within_its_bound(cell: AnyCell, name: str) -> None:
    assert_bounded(name, cell, scale=2.0**-9 if name == "float16" else 2.0**-66)


ARITHMETICS = ["float16, sums in float32", "bfloat16, sums in float32", "float32, products in TF32"]


@each_shape
@pytest.mark.parametrize("name", ARITHMETICS)
def test_what_is_computed_with_inner_products_of_their_own_lies_within_its_bound(cell: AnyCell, name: str) -> None:
    assert_bounded(name, cell)


@each_shape
def test_inner_products_of_their_own_have_bounds_of_their_own(cell: AnyCell) -> None:
    over = run(example(cell, seed=0, time=3))

    def widths(name: str) -> Any:
        return bound(over, name).outputs

    for half in ("float16", "bfloat16"):
        assert (widths(f"{half}, sums in float32") <= widths(half)).all()
        assert (widths(f"{half}, sums in float32") < widths(half)).any()
    wider = widths("float32, products in TF32") / widths("float32")
    assert wider.min() >= 1
    assert np.mean(wider > 20) > 0.5, "what is clipped forgets its error"


@each_shape
@each_half
def test_parameters_that_are_stored_in_half_precision_move_what_is_computed_by_no_more_than_the_bound(
    cell: AnyCell, name: str
) -> None:
    half, e = Precision.of(name), example(cell, seed=0, batch=2, time=3)
    e = replace(e, params=cell.init(np.random.default_rng(0)))
    stored = replace(e, params={key: half.stored(value) for key, value in e.params.items()})
    narrow, over = parts(run(stored)), run(e)
    assert_within(str(cell), narrow, parts(over), parts(bound(over, f"float32, weights in {name}")))
    assert (abs(narrow["outputs"] - over.outputs) > parts(bound(over, "float32"))["outputs"]).any()


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
@each_half
def test_a_stack_in_low_precision_lies_within_its_bound(stack: AnyCell, name: str) -> None:
    factors = factors_of(stack, 1, a_gate=True, batch=2, time=3)
    mask = np.array([[1, 0, 1], [0, 1, 1]], bool)
    assert_bounded(name, stack, scale=0.25, dropout=factors, mask=mask, return_sequences=name == "float16")


@each_shape
@pytest.mark.parametrize("name", COARSER)
def test_a_coarser_precision_has_a_larger_bound(cell: AnyCell, name: str) -> None:
    finer = {"float32": "float64", "float16": "float32", "bfloat16": "float16"}[name]
    over = run(example(cell, seed=0))
    coarse, fine = (bound(over, each) for each in (name, finer))
    assert (coarse.outputs > fine.outputs).all()


@pytest.mark.parametrize("cell", [cell for cell in CELLS if is_smooth(cell, gradients=False)], ids=short)
def test_of_a_smooth_cell_a_finer_precision_has_a_bound_that_is_finer_in_proportion(cell: AnyCell) -> None:
    for scale in (1.0, 8.0, 2.0**-3):
        e = example(cell, seed=0, scale=scale)
        e = replace(e, params=cell.init(np.random.default_rng(0)))
        assert_finer_in_proportion(e, gradients=is_smooth(cell))


@pytest.mark.parametrize("activation", [name for name in NAMES if named(name).jump is None])
def test_of_values_it_is_so_for_every_activation_that_does_not_jump(activation: str) -> None:
    for cell in (SimpleRNN(2, 3, activation), LSTM(2, 3, activation, "hard_sigmoid"), GRU(2, 3, "relu", activation)):
        for scale in (2.0**-3, 2.0**-6):  # larger, the exponential of the exponential overflows
            assert_finer_in_proportion(example(cell, seed=0, scale=scale), gradients=False)


def assert_finer_in_proportion(e: Example, gradients: bool) -> None:
    """Each coarser precision beside float64."""
    over, pulled = run(e), (e.d_outputs, e.d_state)
    fine, *coarser = (
        bounds_of(over, p, *pulled) if gradients else parts(bound(over, p)) for p in ("float64", *COARSER)
    )
    for name, coarse in zip(COARSER, coarser, strict=True):
        finer = 2 * Precision.of("float64").unit_roundoff / Precision.of(name).unit_roundoff
        for part in fine:
            assert (fine[part] <= finer * coarse[part]).all(), (e.cell, name, part)


def test_what_jumps_is_not_smooth() -> None:
    assert is_smooth(STACKS["forward"])
    assert is_smooth(LSTM(2, 3))
    assert not is_smooth(LSTM(2, 3, clip=1.0))
    assert not is_smooth(SimpleRNN(2, 3, activation="relu"))
    assert not is_smooth(LSTM(2, 3, output_activation="hard_tanh"))
    assert not is_smooth(GRU(2, 3, recurrent_activation="hard_sigmoid"))


def test_a_kink_is_smooth_enough_for_values_but_a_jump_is_not() -> None:
    assert is_smooth(LSTM(2, 3, "relu", "hard_sigmoid", clip=1.0), gradients=False)
    assert not is_smooth(SimpleRNN(2, 3, activation="thresholded_relu(1)"), gradients=False)
    assert not is_smooth(LSTM(2, 3, output_activation="hard_shrink"), gradients=False)


# --- the bound on a state that an earlier run made --------------------------------------------------------------------


@pytest.mark.parametrize("cell", [*STACKS.values()], ids=STACKS)
def test_a_run_that_goes_on_from_another_is_bounded_by_the_bound_of_its_state(cell: AnyCell) -> None:
    wide, narrow = (example(cell, 0, dtype=d) for d in (np.float64, np.float32))
    firsts = [forward(cell, e.params, e.x[:, :2], e.initial_state) for e in (wide, narrow)]
    seconds = [forward(cell, e.params, e.x[:, 2:], f.state) for e, f in zip((wide, narrow), firsts, strict=True)]
    limits = [
        parts(bound(seconds[0], dtype, state_bound=bound(firsts[0], dtype).state)) for dtype in (np.float32, np.float64)
    ]
    assert_within(str(cell), parts(seconds[1]), parts(seconds[0]), *limits)


@each_cell
def test_an_initial_state_that_is_off_by_its_bound_moves_nothing_further_than_the_bound(cell: AnyCell) -> None:
    e = example(cell, seed=1)
    over, rng = run(e), np.random.default_rng(1)
    off = tuple(np.abs(part) * 2.0**-10 for part in e.initial_state)
    signs = [rng.choice([-1.0, 1.0], part.shape) for part in off]
    moved = tuple(part + s * d for part, s, d in zip(e.initial_state, signs, off, strict=True))
    limits = [parts(bound(over, np.float64, state_bound=off)), parts(bound(over, np.float64))]
    assert_within(e.case, parts(run(replace(e, initial_state=moved))), parts(over), *limits)
    for k in range(len(off)):  # a state on whose error nothing is said has none
        alone: Any = tuple(part if j == k else None for j, part in enumerate(off))
        zeroed = tuple(part if j == k else np.zeros_like(part) for j, part in enumerate(off))
        got, expected = (parts(bound(over, np.float64, state_bound=each)) for each in (alone, zeroed))
        assert_within(e.case, got, expected, {name: 0.0 for name in got})
        assert (got["outputs"] > parts(bound(over, np.float64))["outputs"]).any()


def test_an_unknown_initial_state_makes_an_unknown_run() -> None:
    e = example(STACKS["forward"], seed=0)
    limit = bound(run(e), np.float64, state_bound=(np.full((4, 3), np.inf), None))
    assert np.isinf(limit.state[1]).all()
