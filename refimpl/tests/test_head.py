"""Embedding, Dense, softmax and their adjoints: against differentiation in 150 digits, and by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import Dense, Embedding, InvalidArgument
from ..head import log_softmax, sigmoid, softmax
from .dual import DIGITS, duals, slopes, true_digits, values

RNG_SEED = 3
X = np.array([[0.5, -1.25, 3.0], [-2.0, 0.75, 0.125]])
D_Y = np.array([[1.0, -2.0, 0.5], [0.25, 4.0, -3.0]])
MOVE = np.array([[3.0, 1.0, -7.0], [2.0, -5.0, 11.0]])


def near(got: Any, expected: Any) -> bool:
    """Equal but for the last ten of all digits."""
    return abs(Decimal(got) - Decimal(expected)) <= Decimal(10) ** (10 - DIGITS) * (1 + abs(Decimal(expected)))


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "sigmoid", "tanh", "linear"])
def test_the_adjoint_of_each_activation_of_a_dense_layer_is_its_derivative(activation: str) -> None:
    layer = Dense(3, 3, activation)
    with true_digits():
        params = {
            "kernel": duals(Decimal, np.arange(1.0, 10.0).reshape(3, 3) / 8, np.arange(9.0).reshape(3, 3)),
            "bias": duals(Decimal, np.array([0.25, -0.5, 1.0]), np.array([5.0, -1.0, 2.0])),
        }
        a, y = layer.forward(params, duals(Decimal, X, MOVE))
        d_params, d_x = layer.adjoint(params, duals(Decimal, X), a, y, duals(Decimal, D_Y))
        derivative = (values(duals(Decimal, D_Y)) * slopes(y)).sum()
        moves = {"kernel": np.arange(9.0).reshape(3, 3), "bias": np.array([5.0, -1.0, 2.0])}
        along = (values(d_x) * values(duals(Decimal, MOVE))).sum()
        along += sum((values(d_params[name]) * values(duals(Decimal, move))).sum() for name, move in moves.items())
        assert near(along, derivative), f"{activation}: gradients give {along}, differentiation {derivative}"


def test_softmax_adds_up_to_one_and_its_logarithm_is_log_softmax() -> None:
    with true_digits():
        exact = [[Decimal(v).exp() for v in row] for row in X.tolist()]
        shares = [[float(e / sum(row)) for e in row] for row in exact]
    assert np.abs(softmax(X) - shares).max() <= 4 * np.spacing(1.0)
    assert np.abs(np.exp(log_softmax(X)) - shares).max() <= 4 * np.spacing(1.0)


def test_softmax_overflows_nowhere() -> None:
    far = np.array([[1e4, -1e4, 0.0]])
    assert softmax(far).tolist() == [[1.0, 0.0, 0.0]]
    assert log_softmax(far).tolist() == [[0.0, -2e4, -1e4]]
    assert sigmoid(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


def test_an_embedding_looks_tokens_up_and_sums_what_comes_back_by_token() -> None:
    layer = Embedding(5, 2)
    table = np.arange(10.0).reshape(5, 2)
    tokens = np.array([[3, 0, 3], [1, 3, 0]])
    assert layer.forward({"embeddings": table}, tokens).tolist() == table[tokens].tolist()
    d_y = np.arange(1.0, 13.0).reshape(2, 3, 2)
    expected = np.zeros((5, 2))
    for where in np.ndindex(tokens.shape):
        expected[tokens[where]] += d_y[where]
    assert layer.adjoint(tokens, d_y)["embeddings"].tolist() == expected.tolist()
    exactly = values(layer.adjoint(tokens, duals(Decimal, d_y))["embeddings"])
    assert exactly.astype(float).tolist() == expected.tolist()


def test_squares_by_occurrence_are_not_the_gradients_square() -> None:
    layer, tokens = Embedding(2, 1), np.array([[1, 1, 1, 1]])
    d_y = np.ones((1, 4, 1))
    assert layer.adjoint(tokens, d_y)["embeddings"].tolist() == [[0.0], [4.0]]
    assert layer.squares(tokens, d_y)["embeddings"].tolist() == [[0.0], [4.0]]  # not 16


def test_an_empty_batch_has_a_gradient_of_zeros() -> None:
    found = Embedding(3, 2).adjoint(np.zeros((0, 4), int), np.zeros((0, 4, 2)))
    assert found["embeddings"].tolist() == np.zeros((3, 2)).tolist()


@pytest.mark.parametrize(
    "tokens",
    [[[0.5]], [[-1]], [[5]], [0, 1], "ab", [[1], [1, 2]]],
    ids=["float", "low", "high", "rank", "text", "ragged"],
)
def test_what_are_no_tokens_is_refused(tokens: Any) -> None:
    with pytest.raises(InvalidArgument, match="x"):
        Embedding(5, 2).tokens(tokens)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Embedding(0, 2),
        lambda: Embedding(3, 2.0),  # type: ignore[arg-type]
        lambda: Embedding(3, 2, mask_zero=1),  # type: ignore[arg-type]
        lambda: Dense(3, True),
        lambda: Dense(3, 2, "sofmax"),
        lambda: Dense(3, 2, use_bias=0),  # type: ignore[arg-type]
    ],
)
def test_layers_that_make_no_sense_are_refused(build: Any) -> None:
    with pytest.raises(InvalidArgument):
        build()


def test_float32_stays_float32() -> None:
    for activation in ("softmax", "log_softmax", "sigmoid", "relu"):
        layer = Dense(3, 2, activation)
        params = layer.init(np.random.default_rng(RNG_SEED), np.float32)
        x = X.astype(np.float32)
        a, y = layer.forward(params, x)
        d_params, d_x = layer.adjoint(params, x, a, y, np.ones_like(y))
        assert {a.dtype, y.dtype, d_x.dtype, *(d.dtype for d in d_params.values())} == {np.dtype(np.float32)}
