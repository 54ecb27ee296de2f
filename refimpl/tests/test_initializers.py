"""Fresh parameters: their limits, their orthogonality, their shapes; and padded sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Dense, Embedding, InvalidArgument, Layer, Model, SimpleRNN, Stack, initializers
from ..preprocessing import pad_sequences


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_glorot_fills_its_limits_and_no_more() -> None:
    found, limit = initializers.glorot_uniform(rng(), (300, 200)), np.sqrt(6 / 500)
    assert 0.999 * limit < np.abs(found).max() <= limit
    assert abs(found.var() - limit**2 / 3) < 0.01 * limit**2


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3)])
def test_orthogonal_is_orthogonal(shape: tuple[int, int]) -> None:
    found = initializers.orthogonal(rng(), shape, gain=2.0)
    product = found @ found.T if shape[0] <= shape[1] else found.T @ found
    assert found.shape == shape
    assert np.abs(product - 4 * np.eye(min(shape))).max() < 64 * np.spacing(4.0)


def test_orthogonal_is_not_always_of_the_sign_of_the_factorisation() -> None:
    signs = {float(np.sign(initializers.orthogonal(np.random.default_rng(k), (1, 1))[0, 0])) for k in range(20)}
    assert signs == {1.0, -1.0}


def test_the_unit_forget_bias_stands_in_the_forget_gates_block() -> None:
    cell = LSTM(2, 3)
    bias = initializers.unit_forget_bias(cell, np.zeros(12))
    assert bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert initializers.cell_parameters(cell, rng())["bias"].tolist() == bias.tolist()
    with pytest.raises(InvalidArgument, match="forget"):
        initializers.unit_forget_bias(GRU(2, 3), np.zeros(9))


@pytest.mark.parametrize("manner", ["keras", "pytorch"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_model_starts_with_its_shapes_in_its_dtype(manner: str, dtype: Any) -> None:
    stack = Stack((Layer(LSTM(3, 4), LSTM(3, 4)), Layer(GRU(8, 5))))
    model = Model((Embedding(6, 3), stack, Dense(5, 2)))
    params = model.init(rng(), dtype, manner)
    assert {name: value.shape for name, value in params.items()} == model.parameter_shapes
    assert {value.dtype for value in params.values()} == {np.dtype(dtype)}
    if manner == "keras":
        assert params["stack.l0_reverse.bias"].tolist() == [0] * 4 + [1] * 4 + [0] * 8
        assert not params["stack.l1.recurrent_bias"].any()
    else:
        assert np.abs(params["stack.l0.kernel"]).max() <= 1 / np.sqrt(4)
        assert np.abs(params["dense.bias"]).max() <= 1 / np.sqrt(5)


@pytest.mark.parametrize(
    "build",
    [
        lambda: initializers.glorot_uniform(rng(), (3,)),
        lambda: initializers.orthogonal(0, (3, 3)),  # type: ignore[arg-type]
        lambda: initializers.uniform(rng(), (3,), float("inf")),
        lambda: initializers.uniform(rng(), (3,), 1.0, np.float16),
        lambda: initializers.cell_parameters(SimpleRNN(2, 3), rng(), manner="jax"),
    ],
)
def test_what_makes_no_sense_is_refused(build: Any) -> None:
    with pytest.raises(InvalidArgument):
        build()


SEQUENCES = [[1], [2, 3], [4, 5, 6], []]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6], [0, 0, 0]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6], [0, 0]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5], [0, 0]]),
        ({"maxlen": 4, "padding": "post", "value": -1}, [[1, -1, -1, -1], [2, 3, -1, -1], [4, 5, 6, -1], [-1] * 4]),
        ({"maxlen": 0}, [[], [], [], []]),
    ],
)
def test_sequences_are_padded_and_cut_where_asked(options: dict[str, Any], expected: list[list[int]]) -> None:
    found = pad_sequences(SEQUENCES, **options)
    assert found.tolist() == expected
    assert found.dtype == np.int32


def test_no_sequences_give_no_rows() -> None:
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([], maxlen=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("sequences", "options"),
    [
        ([1, 2], {}),
        ([["a"]], {}),
        ([[1]], {"padding": "before"}),
        ([[1]], {"truncating": None}),
        ([[1]], {"maxlen": -1}),
        ([[1]], {"maxlen": 2.0}),
    ],
)
def test_what_cannot_be_padded_is_refused(sequences: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        pad_sequences(sequences, **options)
