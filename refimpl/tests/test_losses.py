"""Losses: their values by hand, their gradients against differentiation in 150 digits, and where they are clipped."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import InvalidArgument
from ..losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from .dual import duals, slopes, true_digits, values
from .test_head import near

ONES = np.array([[1.0], [0.0], [1.0], [0.25]])
HOT = np.eye(3)[[2, 0, 1, 1]]
SOFT = np.array([[0.25, 0.5, 0.25], [0.0, 0.0, 1.0], [0.5, 0.25, 0.5], [0.125, 0.0, 0.0]])
LOGITS = np.array([[0.5, -1.25, 3.0], [-2.0, 0.75, 0.125], [1.0, 1.5, -0.5], [0.0, 0.25, -4.0]])
SHARES = np.array([[0.5, 0.125, 0.25], [0.75, 0.0625, 0.125], [0.25, 0.25, 0.5], [1.0, 2.0, 0.5]])

CASES: dict[str, tuple[Loss, Any, Any]] = {
    "squared": (MeanSquaredError(), HOT, LOGITS),
    "squared, sum": (MeanSquaredError("sum"), HOT, LOGITS),
    "binary, logits": (BinaryCrossentropy(True), ONES, LOGITS[:, :1]),
    "binary, probabilities": (BinaryCrossentropy(), ONES, SHARES[:, 1:2] / 4),
    "binary, pytorch": (BinaryCrossentropy(manner="pytorch"), ONES, SHARES[:, 1:2] / 4),
    "binary, sum": (BinaryCrossentropy(True, reduction="sum"), ONES, LOGITS[:, :1]),
    "categorical, logits": (CategoricalCrossentropy(True), SOFT, LOGITS),
    "categorical, probabilities": (CategoricalCrossentropy(), SOFT, SHARES),
    "sparse, logits": (SparseCategoricalCrossentropy(True), np.array([2, 0, 1, 1]), LOGITS),
    "sparse, probabilities": (SparseCategoricalCrossentropy(), np.array([2, 0, 1, 1]), SHARES),
    "sparse, steps, sum": (
        SparseCategoricalCrossentropy(True, "sum"),
        np.array([[2, 0], [1, 1]]),
        LOGITS.reshape(2, 2, 3),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_gradient_is_the_derivative(name: str) -> None:
    loss, target, output = CASES[name]
    for element in np.ndindex(output.shape):
        unit = np.zeros(output.shape)
        unit[element] = 1
        with true_digits():
            moved = loss(target, duals(Decimal, output, unit))
            gradient = values(loss.gradient(target, duals(Decimal, output)))
            assert near(gradient[element], moved.slope), f"{name}{element}: {gradient[element]}, not {moved.slope}"


@pytest.mark.parametrize("name", CASES)
def test_float64_is_near_the_truth(name: str) -> None:
    loss, target, output = CASES[name]
    with true_digits():
        exact = float(loss(target, duals(Decimal, output)).value)
        exact_gradient = values(loss.gradient(target, duals(Decimal, output))).astype(float)
    assert abs(loss(target, output) - exact) <= 32 * np.spacing(1 + abs(exact))
    off = np.abs(loss.gradient(target, output) - exact_gradient)
    assert (off <= 32 * np.spacing(1 + np.abs(exact_gradient))).all(), f"{name}: off by {off.max()}"


def test_values_by_hand() -> None:
    assert MeanSquaredError()([[1.0, 2.0]], np.array([[3.0, 5.0]])) == (4 + 9) / 2
    assert MeanSquaredError("sum")([[1.0, 2.0]], np.array([[3.0, 5.0]])) == 4 + 9
    assert BinaryCrossentropy()([[1]], np.array([[0.5]])) == math.log(2)
    assert BinaryCrossentropy(True)([[1]], np.array([[0.0]])) == math.log(2)
    assert abs(CategoricalCrossentropy()([[0, 1, 0]], np.array([[1.0, 2.0, 1.0]])) - math.log(2)) <= 2**-52
    assert abs(SparseCategoricalCrossentropy(True)([1], np.array([[7.0, 7.0]])) - math.log(2)) <= 2**-52


def test_keras_clips_probabilities_and_pytorch_logarithms() -> None:
    sure, wrong = np.array([[1.0]]), np.array([[0]])
    assert abs(BinaryCrossentropy()(wrong, sure) + math.log(1 - (1 - 1e-7))) <= 1e-12
    assert BinaryCrossentropy().gradient(wrong, sure).tolist() == [[0.0]]  # flat where it is clipped
    assert BinaryCrossentropy(manner="pytorch")(wrong, sure) == 100
    assert BinaryCrossentropy(manner="pytorch").gradient(wrong, sure).tolist() == [[1e12]]
    assert CategoricalCrossentropy()([[1, 0]], np.array([[0.0, 1.0]])) == -math.log(1e-7)


def test_logits_overflow_nowhere() -> None:
    assert BinaryCrossentropy(True)([[0], [1]], np.array([[1e4], [-1e4]])) == 1e4
    assert BinaryCrossentropy(True)([[1], [0]], np.array([[1e4], [-1e4]])) == 0
    assert SparseCategoricalCrossentropy(True)([1], np.array([[1e4, -1e4]])) == 2e4


def test_float32_stays_float32() -> None:
    for loss, target, output in CASES.values():
        narrow = output.astype(np.float32)
        assert loss(target, narrow).dtype == np.float32
        assert loss.gradient(target, narrow).dtype == np.float32


@pytest.mark.parametrize(
    ("loss", "target", "output"),
    [
        (MeanSquaredError(), [1.0], np.zeros((1, 1))),
        (MeanSquaredError(), [[np.nan]], np.zeros((1, 1))),
        (MeanSquaredError(), [["a"]], np.zeros((1, 1))),
        (MeanSquaredError(), [[1.0]], np.zeros((1, 1), np.int64)),
        (SparseCategoricalCrossentropy(True), [3], np.zeros((1, 3))),
        (SparseCategoricalCrossentropy(True), [-1], np.zeros((1, 3))),
        (SparseCategoricalCrossentropy(True), [[1]], np.zeros((1, 3))),
        (SparseCategoricalCrossentropy(True), [1.0], np.zeros((1, 3))),
    ],
)
def test_what_does_not_fit_is_refused(loss: Loss, target: Any, output: Any) -> None:
    for call in (loss, loss.gradient):
        with pytest.raises(InvalidArgument):
            call(target, output)


@pytest.mark.parametrize(
    "build",
    [
        lambda: MeanSquaredError("average"),
        lambda: BinaryCrossentropy(manner="tensorflow"),
        lambda: CategoricalCrossentropy(from_logits=1),  # type: ignore[arg-type]
        lambda: SparseCategoricalCrossentropy(reduction=None),  # type: ignore[arg-type]
    ],
)
def test_options_that_do_not_exist_are_refused(build: Any) -> None:
    with pytest.raises(InvalidArgument):
        build()


def test_slopes_is_what_the_test_above_relies_on() -> None:
    with true_digits():
        moved = duals(Decimal, np.array([2.0]), np.array([3.0]))
        assert slopes(moved * moved)[0] == 12
