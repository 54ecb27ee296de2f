"""Models: their parameters, their gradients against differentiation in 150 digits, and what they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Dense, Embedding, InvalidArgument, Layer, Model, Recurrent, SimpleRNN, Stack, losses
from .dual import duals, true_digits, values
from .test_head import near

TOKENS = np.array([[0, 0, 3, 1], [2, 3, 3, 4]])
STEPS = np.random.default_rng(5).integers(-8, 8, (2, 4, 3)) / 8
BINARY = np.array([[1.0], [0.0]])

MODELS: dict[str, tuple[Model, losses.Loss, Any, Any]] = {
    "masked lstm": (
        Model((Embedding(5, 3, mask_zero=True), LSTM(3, 2), Dense(2, 1, "sigmoid"))),
        losses.BinaryCrossentropy(),
        TOKENS,
        BINARY,
    ),
    "gru, unmasked": (
        Model((Embedding(5, 3), GRU(3, 2), Dense(2, 1))),
        losses.BinaryCrossentropy(from_logits=True),
        TOKENS,
        BINARY,
    ),
    "stack": (
        Model((Stack((Layer(SimpleRNN(3, 2)), Layer(SimpleRNN(2, 4)))), Dense(4, 3))),
        losses.SparseCategoricalCrossentropy(from_logits=True),
        STEPS,
        np.array([2, 0]),
    ),
    "every step": (
        Model((Recurrent(SimpleRNN(3, 2), return_sequences=True, reverse=True), Dense(2, 3, "softmax"))),
        losses.SparseCategoricalCrossentropy(reduction="sum"),
        STEPS,
        np.array([[0, 1, 2, 1], [2, 2, 0, 1]]),
    ),
    "two layers, a head of two": (
        Model((Recurrent(GRU(3, 2), return_sequences=True), LSTM(2, 3), Dense(3, 2, "tanh"), Dense(2, 1))),
        losses.MeanSquaredError(),
        STEPS,
        BINARY,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_gradient_of_a_model_is_the_derivative_of_its_loss(name: str) -> None:
    model, loss, x, target = MODELS[name]
    rng = np.random.default_rng(7)
    params = {key: rng.integers(-64, 64, shape) / 64 for key, shape in model.parameter_shapes.items()}
    moves = {key: rng.permutation(value.size).reshape(value.shape) + 1.0 for key, value in params.items()}
    tokens = np.issubdtype(x.dtype, np.integer)
    x_move = None if tokens else rng.permutation(x.size).reshape(x.shape) + 1.0
    with true_digits():
        moving = {key: duals(Decimal, value, moves[key]) for key, value in params.items()}
        passed = model.forward(moving, x if tokens else duals(Decimal, x, x_move))
        derivative = loss(target, passed.output).slope
        still = {key: duals(Decimal, value) for key, value in params.items()}
        passed = model.forward(still, x if tokens else duals(Decimal, x))
        found = model.backward(passed, loss.gradient(target, passed.output))
        along = sum((values(g) * values(duals(Decimal, moves[key]))).sum() for key, g in found.params.items())
        if found.x is not None:
            along += (values(found.x) * values(duals(Decimal, x_move))).sum()
        assert near(along, derivative), f"{name}: the gradients give {along}, differentiation {derivative}"
    assert (found.x is None) == tokens
    assert {key: g.shape for key, g in found.params.items()} == model.parameter_shapes


def test_parameters_are_counted_as_users_know_them() -> None:
    counted: list[tuple[Any, int, int]] = [
        (SimpleRNN(2, 3), 18, 22),
        (SimpleRNN(2, 4), 28, 33),
        (LSTM(2, 4), 112, 117),
        (GRU(2, 4), 96, 101),
    ]
    for cell, alone, with_head in counted:
        assert Model((cell,)).parameter_count == alone
        assert Model((cell, Dense(cell.hidden_size, 1))).parameter_count == with_head
    assert Model((Embedding(10000, 32), LSTM(32, 32), Dense(32, 1))).parameter_count == 320000 + 8320 + 33


def test_layers_are_named_as_keras_names_them() -> None:
    model = Model((Recurrent(SimpleRNN(2, 3), return_sequences=True), SimpleRNN(3, 3), Dense(3, 3), Dense(3, 1)))
    assert model.names == ("simple_rnn", "simple_rnn_1", "dense", "dense_1")
    params = model.init(np.random.default_rng(0))
    assert list(model.part(params, "simple_rnn_1")) == ["kernel", "recurrent_kernel", "bias"]
    assert model.part(params, "dense")["kernel"] is params["dense.kernel"]
    with pytest.raises(InvalidArgument, match="dense_2"):
        model.part(params, "dense_2")


def test_the_summary_is_a_table_of_layers_shapes_and_counts() -> None:
    said = Model((Embedding(10000, 32), LSTM(32, 32), Dense(32, 1, "sigmoid"))).summary()
    for part in ("embedding (Embedding)", "(None, None, 32)", "320,000", "lstm (LSTM)", "8,320", "(None, 1)"):
        assert part in said, said
    assert said.splitlines()[-1] == " Total params: 328,353"


def test_a_masked_token_reaches_nothing() -> None:
    model = Model((Embedding(5, 3, mask_zero=True), LSTM(3, 2), Dense(2, 1)))
    params = model.init(np.random.default_rng(0))
    with_zeros = model.forward(params, np.array([[0, 0, 3, 1]])).output
    without = model.forward(params, np.array([[3, 1]])).output
    assert with_zeros.tolist() == without.tolist()
    unmasked = Model((Embedding(5, 3), LSTM(3, 2), Dense(2, 1)))
    assert unmasked.forward(params, np.array([[0, 0, 3, 1]])).output.tolist() != without.tolist()


def test_prediction_by_batches_is_prediction() -> None:
    model, _, x, _ = MODELS["stack"]
    params = model.init(np.random.default_rng(0))
    whole = model.forward(params, np.concatenate([x, x + 1])).output
    assert np.abs(model.predict(params, np.concatenate([x, x + 1]), batch_size=3) - whole).max() < 1e-15
    assert model.predict(params, x[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    "layers",
    [
        (),
        (Dense(2, 3), Embedding(5, 2)),
        (SimpleRNN(2, 3), Dense(4, 1)),
        (SimpleRNN(2, 3), SimpleRNN(3, 3)),
        ("dense",),
    ],
    ids=["none", "embedding later", "sizes", "no steps left", "no layer"],
)
def test_layers_that_do_not_fit_are_refused(layers: Any) -> None:
    with pytest.raises(InvalidArgument):
        Model(layers)


def test_what_does_not_fit_a_model_is_refused() -> None:
    model = Model((SimpleRNN(2, 3), Dense(3, 1)))
    params = model.init(np.random.default_rng(0))
    x = np.zeros((2, 4, 2))
    passed = model.forward(params, x)
    with pytest.raises(InvalidArgument, match="params"):
        model.forward({"dense.kernel": params["dense.kernel"]}, x)
    with pytest.raises(InvalidArgument, match="kernel"):
        model.forward(params | {"dense.kernel": np.zeros((3, 2))}, x)
    with pytest.raises(InvalidArgument, match="float32"):
        model.forward(params | {"dense.kernel": params["dense.kernel"].astype(np.float32)}, x)
    with pytest.raises(InvalidArgument, match="x"):
        model.forward(params, x[:, :, :1])
    with pytest.raises(InvalidArgument, match="finite"):
        model.forward(params, np.full((2, 4, 2), np.nan))
    with pytest.raises(InvalidArgument, match="d_output"):
        model.backward(passed, np.zeros((2, 2)))
    with pytest.raises(InvalidArgument, match="forward"):
        model.backward(params, np.zeros((2, 1)))  # type: ignore[arg-type]
