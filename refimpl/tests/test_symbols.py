"""Errors that are carried with their sign: what a recurrence makes of its roundings, neither less nor much more.

Of a linear recurrence all is known: what each step adds, and the powers of the recurrent kernel that carry it on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, SimpleRNN, backward, forward, symbols
from ..precision import Precision
from ..rounding import bounds

TIME, U = 24, Precision.of("float64").unit_roundoff
ANGLES = [0.3, 1.1, 2.0]


def rotation() -> Any:
    """Shrinks every vector by a tenth, while its entries in absolute value make vectors grow."""
    kernel = np.zeros((6, 6))
    for k, angle in enumerate(ANGLES):
        block = slice(2 * k, 2 * k + 2)
        kernel[block, block] = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mixed = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    return mixed.T @ kernel @ mixed


def linear_run(time: int = TIME) -> Any:
    rng = np.random.default_rng(0)
    cell = SimpleRNN(2, 6, activation="linear", use_bias=False)
    params = {"kernel": rng.normal(size=(2, 6)), "recurrent_kernel": rotation()}
    return forward(cell, params, rng.normal(size=(3, time, 2)), (rng.normal(size=(3, 6)),))


def of_one_sign(magnitudes: Any, total: Any) -> Any:
    """The greater of what positive and negative terms add up to, from what all do, with their signs and without."""
    return (magnitudes + np.abs(total)) / 2


def test_the_bound_of_a_linear_recurrence_is_what_its_steps_can_add_up_to() -> None:
    run = linear_run()
    kernel, recurrent = run.params["kernel"], run.params["recurrent_kernel"]
    terms = np.abs(run.x) @ np.abs(kernel) + np.abs(run.before[0]) @ np.abs(recurrent)
    added = U * (terms + 7 * of_one_sign(terms, run.outputs))  # of 2 + 6 products, and the 7 additions of them
    carried = [np.abs(np.linalg.matrix_power(recurrent, TIME - 1 - s)) for s in range(TIME)]
    due = sum(added[:, s] @ carried[s] for s in range(TIME))
    ((found,), naive) = bounds(run, "float64")[0].state, np.zeros((3, 6))
    for s in range(TIME):
        naive = naive @ np.abs(recurrent) + added[:, s]
    assert (found >= due).all(), f"less than can happen: {(found / due).min()}"
    assert (found <= 1.001 * due).all(), f"more than can happen: {(found / due).max()}"
    assert (naive > 100 * due).all(), "the example would not tell one bound from the other"


def test_so_is_that_of_its_back_propagation() -> None:
    run = linear_run()
    d_state = np.random.default_rng(5).normal(size=(3, 6))
    recurrent = run.params["recurrent_kernel"]
    due, cotangents = np.zeros((3, 6)), [d_state]
    for _ in range(TIME):
        cotangents.append(cotangents[-1] @ recurrent.T)
    for s in range(TIME):
        terms = np.abs(cotangents[s]) @ np.abs(recurrent.T)
        added = 2 * U * terms  # 1 of the sum, 1 of the slope
        added += U * (terms + 5 * of_one_sign(terms, cotangents[s + 1]))  # 6 products, and the 5 additions of them
        due += added @ np.abs(np.linalg.matrix_power(recurrent.T, TIME - 1 - s))
    (found,) = bounds(run, "float64", None, (d_state,))[1].initial_state
    assert (found >= 0.999 * due).all(), f"less than can happen: {(found / due).min()}"
    assert (found <= 1.001 * due).all(), f"more than can happen: {(found / due).max()}"


CELLS = [SimpleRNN(2, 4), LSTM(2, 4, peepholes=True), GRU(2, 4), GRU(2, 4, reset_after=False)]


@pytest.mark.parametrize("cell", CELLS, ids=repr)
@pytest.mark.parametrize("masked", [False, True])
def test_an_error_of_the_initial_state_is_carried_as_the_derivative_carries_it(cell: Any, masked: bool) -> None:
    """An error so small that only what is linear counts, and so large that no rounding does."""
    rng = np.random.default_rng(2)
    params, x = cell.init(rng), rng.normal(size=(1, 9, 2))
    mask = rng.random((1, 9)) < 0.6 if masked else None
    initial = tuple(rng.normal(size=(1, size)) for size in cell.state_sizes)
    run = forward(cell, params, x, initial, mask)
    off = tuple(1e-9 * rng.random(part.shape) for part in initial)
    found = bounds(run, "float64", state_bound=off)[0].state
    for part, bound in enumerate(found):
        for unit in range(bound.shape[1]):
            d_state = [np.zeros_like(end) for end in run.state]
            d_state[part][0, unit] = 1.0
            pulled = backward(run, None, d_state).initial_state
            due = sum((np.abs(d) * error).sum() for d, error in zip(pulled, off, strict=True))
            assert due <= bound[0, unit] <= 1.001 * due + 1e-13, f"{cell}, state {part}, unit {unit}"


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_what_an_error_of_the_forward_run_does_to_the_gradients_is_in_their_bounds(cell: Any) -> None:
    rng = np.random.default_rng(4)
    params, x = cell.init(rng), rng.normal(size=(1, 7, 2))
    initial = tuple(rng.normal(size=(1, size)) for size in cell.state_sizes)
    d_state = tuple(rng.normal(size=part.shape) for part in initial)
    off = tuple(1e-7 * rng.random(part.shape) for part in initial)

    def gradients(signs: Any) -> list[Any]:
        moved = tuple(p + s * o for p, s, o in zip(initial, signs, off, strict=True))
        found = backward(forward(cell, params, x, moved), None, d_state)
        return [*found.initial_state, found.x, *found.params.values()]

    exact = gradients([0] * len(initial))
    run = forward(cell, params, x, initial)
    of_gradients = bounds(run, "float64", None, d_state, state_bound=off)[1]
    limits = [*of_gradients.initial_state, of_gradients.x, *of_gradients.params.values()]
    worst = [np.zeros_like(each) for each in exact]
    for _ in range(100):
        signs = [rng.choice([-1.0, 1.0], size=part.shape) for part in initial]
        worst = [np.maximum(w, abs(g - e)) for w, g, e in zip(worst, gradients(signs), exact, strict=True)]
    for moved, limit in zip(worst, limits, strict=True):
        assert (moved <= limit).all()
        assert limit.max() <= 8 * moved.max(), "much more than can happen"


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_where_sources_are_summed_up_or_none_are_kept_the_bound_is_wider_and_holds(
    cell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    params, x = cell.init(rng), rng.normal(size=(2, 30, 2))
    run = forward(cell, params, x, reverse=True)
    d_outputs = rng.normal(size=run.outputs.shape)

    def everything() -> list[Any]:
        of_run, of_gradients = bounds(run, "float64", d_outputs)
        return [*of_run.state, *of_gradients.initial_state, of_gradients.params["recurrent_kernel"]]

    all_kept = everything()
    monkeypatch.setattr(symbols, "MOST_SOURCES", 20)
    few_kept = everything()
    monkeypatch.setattr(symbols, "LARGEST_STATE", 1)
    none_kept = everything()
    for all_, few, none in zip(all_kept, few_kept, none_kept, strict=True):
        assert (few >= 0.9 * all_).all()
        assert (none >= 0.9 * few).all()
        assert np.isfinite(none).all()
        assert none.sum() > 1.02 * all_.sum()
    widths = [sum(each.sum() for each in one) for one in (all_kept, few_kept, none_kept)]
    assert widths[1] > 1.005 * widths[0], "few sources are no other than all"
