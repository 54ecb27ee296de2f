"""What must hold whatever the equations are: direction, batch, time and the adjoint's linearity.

Two ways to the same result round differently, each within its bound; where they round alike, they are equal.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from .. import AnyRun, Cell, Gradients, backward, forward
from ..precision import Precision
from ..rounding import bound, gradient_bound
from .support import (
    Example,
    Parts,
    assert_same,
    assert_within,
    each_direction,
    each_seed,
    each_shape,
    example,
    parts,
    run,
)


def run_bound(over: AnyRun) -> Parts:
    return parts(bound(over, np.float64))


def gradients_bound(over: AnyRun, e: Example) -> Parts:
    return parts(gradient_bound(over, np.float64, e.d_outputs, e.d_state))


def flipped(named: Parts) -> Parts:
    """With time turned round wherever there is time."""
    return {name: a[:, ::-1] if a.ndim == 3 else a for name, a in named.items()}


@each_shape
@each_seed
def test_reverse_is_forward_on_flipped_input(cell: Cell, seed: int) -> None:
    e = example(cell, seed)
    back, ahead = run(e, reverse=True), forward(cell, e.params, e.x[:, ::-1], e.initial_state)
    rounding = run_bound(back)
    assert_within(e.case, parts(back), flipped(parts(ahead)), rounding, rounding)

    rounding = gradients_bound(back, e)
    got, mirror = backward(back, e.d_outputs, e.d_state), backward(ahead, e.d_outputs[:, ::-1], e.d_state)
    assert_within(e.case, parts(got), flipped(parts(mirror)), rounding, rounding)


@each_shape
@each_direction
def test_rows_of_a_batch_do_not_know_of_each_other(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=3)
    whole = run(e, reverse=reverse)
    rounding, gradient_rounding = run_bound(whole), gradients_bound(whole, e)
    grads = parts(backward(whole, e.d_outputs, e.d_state))
    summed: Parts = {name: 0.0 for name in grads if name.startswith("params")}
    for row in range(len(e.x)):
        one = slice(row, row + 1)
        state, d_state = (tuple(part[one] for part in s) for s in (e.initial_state, e.d_state))
        alone = forward(cell, e.params, e.x[one], state, reverse=reverse)
        bounds = {name: b[one] for name, b in rounding.items()}
        expected = {name: array[one] for name, array in parts(whole).items()}
        assert_within(f"{e.case} row={row}", parts(alone), expected, bounds, bounds)
        for name, d in parts(backward(alone, e.d_outputs[one], d_state)).items():
            if name in summed:
                summed[name] = summed[name] + d
            else:
                bounds = {name: gradient_rounding[name][one]}
                assert_within(f"{e.case} row={row}", {name: d}, {name: grads[name][one]}, bounds, bounds)
    expected = {name: grads[name] for name in summed}
    assert_within(e.case, summed, expected, gradient_rounding, gradient_rounding)


@each_shape
@each_direction
def test_two_pieces_of_time_make_the_whole(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=4)
    whole = run(e, reverse=reverse)
    pieces = (slice(0, 2), slice(2, None))
    early, late = reversed(pieces) if reverse else pieces
    first = forward(cell, e.params, e.x[:, early], e.initial_state, reverse=reverse)
    second = forward(cell, e.params, e.x[:, late], first.state, reverse=reverse)
    joined = {name: _in_time(whole, a, early, late) for name, a in _pairs(first, second).items()}
    rounding = run_bound(whole)
    assert_within(e.case, joined, parts(whole), rounding, rounding)

    after = backward(second, e.d_outputs[:, late], e.d_state)
    before = backward(first, e.d_outputs[:, early], after.initial_state)
    x = _in_time(whole, (before.x, after.x), early, late)
    params = {name: before.params[name] + after.params[name] for name in e.params}
    expected, rounding = backward(whole, e.d_outputs, e.d_state), gradients_bound(whole, e)
    got = Gradients(params, x, before.initial_state)
    assert_within(e.case, parts(got), parts(expected), rounding, rounding)


def _pairs(first: AnyRun, second: AnyRun) -> dict[str, tuple[Any, Any]]:
    one, two = parts(first), parts(second)
    return {name: (one[name], two[name]) for name in one}


def _in_time(whole: AnyRun, pair: tuple[Any, Any], early: slice, late: slice) -> Any:
    """The two pieces of an array with time, each in its place; of a state, the second."""
    if pair[1].ndim < 3:
        return pair[1]
    joined = np.empty((*whole.x.shape[:2], pair[0].shape[2]))
    joined[:, early], joined[:, late] = pair
    return joined


@each_shape
@each_direction
def test_zero_cotangents_give_zero_gradients(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    found = parts(backward(run(e, reverse=reverse)))
    assert_same(e.case, found, {name: np.zeros_like(d) for name, d in found.items()})


@each_shape
@each_seed
def test_twice_the_cotangents_give_twice_the_gradients(cell: Cell, seed: int) -> None:
    e = example(cell, seed)
    over = run(e)
    once = parts(backward(over, e.d_outputs, e.d_state))
    twice = parts(backward(over, 2 * e.d_outputs, tuple(2 * d for d in e.d_state)))
    assert_same(e.case, twice, {name: 2 * d for name, d in once.items()})


@each_shape
@each_seed
def test_gradients_add_up_as_their_cotangents_do(cell: Cell, seed: int) -> None:
    e, other = example(cell, seed), example(cell, seed + 100)
    over = run(e)
    one, two = (parts(backward(over, c.d_outputs, c.d_state)) for c in (e, other))
    pairs = zip(e.d_state, other.d_state, strict=True)
    both = (e.d_outputs + other.d_outputs, tuple(a + b for a, b in pairs))  # exact: multiples of 1/1024
    summed = {name: one[name] + two[name] for name in one}
    addition = {name: Precision.of(np.float64).gamma(1) * np.abs(d) for name, d in summed.items()}
    whole = parts(gradient_bound(over, np.float64, *both))
    bounds = (gradients_bound(over, e), gradients_bound(over, other), addition, whole)
    assert_within(e.case, summed, parts(backward(over, *both)), *bounds)


@each_shape
@each_direction
def test_the_final_state_is_the_last_output(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    over = run(e, reverse=reverse)
    last = 0 if reverse else -1
    assert_same(e.case, {"h": over.state[0]}, {"h": over.outputs[:, last]})


@each_shape
def test_the_same_call_gives_the_same_bits(cell: Cell) -> None:
    e = example(cell, seed=0)
    one, two = (run(e) for _ in range(2))
    bits = [{name: a.tobytes() for name, a in parts(over).items()} for over in (one, two)]
    assert bits[0] == bits[1], e.case
    grads = [parts(backward(over, e.d_outputs, e.d_state)) for over in (one, two)]
    bits = [{name: a.tobytes() for name, a in found.items()} for found in grads]
    assert bits[0] == bits[1], e.case


@each_shape
@each_direction
def test_nothing_that_goes_in_is_changed(cell: Cell, reverse: bool) -> None:
    e = example(cell, seed=0)
    mask = np.random.default_rng(1).random(e.x.shape[:2]) < 0.5
    inputs = {"x": e.x, "d_outputs": e.d_outputs, "mask": mask, **e.params}
    inputs |= {f"{k}": part for k, part in enumerate((*e.initial_state, *e.d_state))}
    before = deepcopy(inputs)
    over = run(e, mask=mask, reverse=reverse)
    computed = deepcopy(parts(over))
    backward(over, e.d_outputs, e.d_state)
    assert_same(e.case, {k: a * 1.0 for k, a in inputs.items()}, {k: a * 1.0 for k, a in before.items()})
    assert_same(e.case, parts(over), computed)
