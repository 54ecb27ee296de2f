"""What the many errors of an answer have in common, and how much of it is by chance."""

from __future__ import annotations

import numpy as np
import pytest

from .. import LSTM, SimpleRNN, forward, sampling
from ..leaning import sums
from ..sampling import moments
from .support import assert_near


def test_the_sums_are_of_signs_of_sides_and_of_squares() -> None:
    value = np.array([2.0, -2.0, 3.0, 4.0, 1e-3, 1.001, 7.0])
    errors = np.array([[0.1, 0.1, -0.2, 5.0, 0.1, 0.1, np.nan]])
    variance = np.array([0.01, 0.01, 0.01, np.inf, 0.01, 0.01, 0.01])
    signs, outward, squares = sums(errors, value, variance)[0, :, 0]
    assert signs == 1 + 1 - 1 + 1 + 1, "but for what is not known"
    assert outward == 1 - 1 - 1, "but for what lies near 0, or near 1"
    assert abs(squares - (0 + 0 + 3 + 0 + 0)) < 1e-12


def in_common(batch: int, rows_alike: bool) -> tuple[np.ndarray, int]:
    """The sums over the outputs of an LSTM, of many samples, and how many outputs there are."""
    rng = np.random.default_rng(0)
    cell = LSTM(3, 5)
    params = {name: rng.normal(size=shape) for name, shape in cell.parameter_shapes.items()}
    x = rng.normal(size=(1 if rows_alike else batch, 4, 3))
    run = forward(cell, params, np.repeat(x, batch, axis=0) if rows_alike else x)
    found = moments(run, "float32", gradients=False, samples=192, many=True)["outputs"]
    assert found.many is not None
    return found.many, found.value.size


def test_the_samples_have_nothing_in_common_in_the_mean() -> None:
    many, _ = in_common(8, rows_alike=False)
    mean, error = many.mean(axis=1), many.std(axis=1) / np.sqrt(many.shape[1])
    assert (np.abs(mean[:2]) < 5 * error[:2]).all(), (mean, error)


def test_errors_that_come_from_the_same_roundings_count_as_one() -> None:
    """In half of the samples equal rows err alike."""
    (apart, numbers), (alike, _) = (in_common(16, rows_alike) for rows_alike in (False, True))
    per_number = [float(np.square(each[0]).mean()) / numbers for each in (apart, alike)]
    assert 0.5 < per_number[0] < 4, per_number
    assert per_number[1] > 2.5 * per_number[0], per_number


def test_pieces_of_the_batch_have_the_sums_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is given back: that of one row is off by what storing it loses, that of the other is exact.

    (In the whole it counts as one that errs by less than its variance, which is that of an underflow.)
    """
    cell = SimpleRNN(3, 2)
    params = cell.init(np.random.default_rng(0))
    run = forward(cell, params, np.zeros((2, 0, 3)), initial_state=(np.array([[1 / 3, -1 / 7], [0.5, 2.0]]),))
    whole = moments(run, "float32", gradients=False, samples=12, many=True)["state.h"].many
    monkeypatch.setattr(sampling, "_PIECE", 1)
    pieces = moments(run, "float32", gradients=False, samples=12, many=True)["state.h"].many
    assert whole is not None
    assert pieces is not None
    assert whole.any()
    assert_near(pieces[:2], whole[:2], digits=6)


def test_gradients_of_large_kernels_are_summed_over_the_samples_that_they_have() -> None:
    rng = np.random.default_rng(0)
    cell = SimpleRNN(2, 91)
    run = forward(cell, cell.init(rng), rng.normal(size=(2, 3, 2)))
    found = moments(run, "float32", rng.normal(size=run.outputs.shape), samples=12, many=True)
    shapes = {name: each.many.shape for name, each in found.items() if each.many is not None}
    assert shapes["outputs"] == shapes["d_x"] == (3, 12)
    assert shapes["d_params.recurrent_kernel"] == (3, 4)
    assert all(each.many is not None and each.many.any() for each in found.values())
