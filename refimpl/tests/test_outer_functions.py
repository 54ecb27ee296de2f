"""What was once silently wrong in losses, optimizers, training, preprocessing and layouts, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    InvalidArgument,
    Layer,
    Model,
    SimpleRNN,
    Stack,
    forward,
    head,
    layouts,
    losses,
    optimizers,
    preprocessing,
    training,
)
from ..precision import Precision
from ..rounded import Rounded
from ..rounding import bounds
from .support import example

MODEL = Model((SimpleRNN(2, 3), Dense(3, 1)))
PARAMS = MODEL.init(np.random.default_rng(0))
X, TARGET = np.arange(24.0).reshape(4, 3, 2) / 24, np.array([[1.0], [0.0], [0.0], [1.0]])
LOSS, SGD = losses.MeanSquaredError(), optimizers.SGD(0.5)
START = training.Snapshot.fresh(PARAMS, SGD)
HUGE_VIEW = np.broadcast_to(0.5, (10**12, 3, 2))


def test_a_size_of_numpy_does_not_wrap() -> None:
    cell = LSTM(2, np.uint8(100))  # type: ignore[arg-type]
    assert cell.parameter_shapes["kernel"] == (2, 400)
    assert type(cell.hidden_size) is int


@pytest.mark.parametrize("rate", [np.float64(0.1), np.float32(0.1), np.longdouble(0.1)])
@pytest.mark.parametrize("kind", [optimizers.SGD, optimizers.RMSprop, optimizers.Adam])
def test_a_learning_rate_of_numpy_leaves_float32_what_it_is(kind: Any, rate: Any) -> None:
    optimizer, params = kind(learning_rate=rate), {"w": np.ones(3, np.float32)}
    moved, state = optimizer.update(params, params, optimizer.start(params))
    assert moved["w"].dtype == np.float32
    assert all(slot["w"].dtype == np.float32 for slot in state.slots.values())


@pytest.mark.parametrize("batch_size", [-1, 0, 1.5, np.nan, True, None, "all"])
def test_a_batch_size_that_makes_no_batch_is_refused(batch_size: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^batch_size: expected a positive integer"):
        training.evaluate(MODEL, LOSS, PARAMS, X, TARGET, batch_size=batch_size)
    with pytest.raises(InvalidArgument, match=r"^batch_size: expected a positive integer"):
        training.fit(MODEL, LOSS, SGD, START, X, TARGET, epochs=1, batch_size=batch_size)
    with pytest.raises(InvalidArgument, match=r"^batch_size: expected a positive integer"):
        MODEL.predict(PARAMS, X, batch_size)


@pytest.mark.parametrize("epochs", [np.nan, np.inf, 1.0, -1, True, "2"])
def test_epochs_that_are_no_count_are_refused(epochs: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^epochs: expected an integer, 0 or more"):
        training.fit(MODEL, LOSS, SGD, START, X, TARGET, epochs=epochs)


def test_a_bad_last_row_is_refused_before_the_first_is_trained_on() -> None:
    told: list[Any] = []
    spoilt = TARGET.copy()
    spoilt[-1] = np.nan
    with pytest.raises(InvalidArgument, match=r"^target: "):
        training.fit(MODEL, LOSS, SGD, START, X, spoilt, epochs=1, batch_size=1, on_batch=told.append)
    assert not told


@pytest.mark.parametrize("imaginary", [0j, 1j])
def test_complex_targets_are_refused(imaginary: complex) -> None:
    output = np.full((4, 1), 0.5)
    for loss in (LOSS, losses.BinaryCrossentropy(), losses.CategoricalCrossentropy()):
        with pytest.raises(InvalidArgument, match=r"^target: expected finite real numbers, got complex128"):
            loss(TARGET + imaginary, output)


def test_a_target_that_would_broadcast_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^target: "):
        training.binary_accuracy(np.ones((4, 1)), np.full((4, 3), 0.5))
    with pytest.raises(InvalidArgument, match=r"^target: "):
        training.categorical_accuracy(np.array([1]), np.eye(3))


def test_an_array_with_a_mask_is_refused() -> None:
    masked = np.ma.MaskedArray(X, X > 0.5)
    with pytest.raises(InvalidArgument, match=r"^x: expected an array without a mask"):
        MODEL.forward(PARAMS, masked)
    with pytest.raises(InvalidArgument, match=r"^x: expected an array without a mask"):
        head.softmax([masked[0], masked[1]])


def test_what_no_memory_holds_is_refused_before_it_is_made() -> None:
    with pytest.raises(InvalidArgument, match=r"^maxlen: expected at most"):
        preprocessing.pad_sequences([[1], [2]], maxlen=10**12)
    with pytest.raises(InvalidArgument, match=r"^x: expected at most"):
        forward(SimpleRNN(2, 3), SimpleRNN(2, 3).init(np.random.default_rng(0)), HUGE_VIEW)
    with pytest.raises(InvalidArgument, match=r"^x: expected at most"):
        head.softmax(HUGE_VIEW)
    with pytest.raises(InvalidArgument, match=r"^rows: expected at most"):
        training.order(10**12, 0, 0)
    with pytest.raises(InvalidArgument, match=r"^shape: expected at most"):
        LSTM(2**20, 2**20).init(np.random.default_rng(0))


@pytest.mark.parametrize(("number", "dtype"), [(2**40, np.int32), (300, np.uint8), (-1, np.uint8), (0.5, np.int32)])
def test_padding_does_not_wrap_or_cut_numbers(number: float, dtype: Any) -> None:
    given: tuple[Any, ...] = ([number], np.array([number]))
    for sequence in given:
        with pytest.raises(InvalidArgument, match=r"^sequences\[1\]: expected numbers that"):
            preprocessing.pad_sequences([[1, 2], sequence], dtype=dtype)
    with pytest.raises(InvalidArgument, match=r"^value: expected numbers that"):
        preprocessing.pad_sequences([[1, 2], [1]], dtype=dtype, value=number)


def weights(cell: Any) -> dict[str, Any]:
    return layouts.onnx.dump(cell, cell.init(np.random.default_rng(0)))


@pytest.mark.parametrize("name", ["linear_before_rest", "hidden", "input_forget", "activation_alphas"])
def test_an_attribute_that_an_onnx_node_has_not_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^attributes: expected GRU's: .*, got '{name}'$"):
        layouts.onnx_node.cell_of("GRU", {name: 1}, weights(GRU(2, 3)))


def test_weights_of_both_directions_are_not_taken_as_forward() -> None:
    both = Stack((Layer(GRU(2, 3), GRU(2, 3)),))
    with pytest.raises(InvalidArgument, match=r"^weights\['W'\]: expected shape \(1, 9, 2\), got shape \(2, 9, 2\)"):
        layouts.onnx_node.cell_of("GRU", {}, weights(both))
    found, _ = layouts.onnx_node.cell_of("GRU", {"direction": "bidirectional", "linear_before_reset": 1}, weights(both))
    assert found == both


def test_a_list_of_weights_is_described_and_not_printed() -> None:
    cell = LSTM(2, 3, use_recurrent_bias=True)
    with pytest.raises(InvalidArgument) as caught:
        layouts.pytorch.load(cell, list(layouts.pytorch.dump(cell, cell.init(np.random.default_rng(0))).values()))  # type: ignore[arg-type]
    assert caught.value.got == (
        "list of 4 (float64 of shape (12, 2), float64 of shape (12, 3), float64 of shape (12,), float64 of shape (12,))"
    )


def test_what_is_very_long_is_cut_in_a_message() -> None:
    with pytest.raises(InvalidArgument) as caught:
        LSTM(2, 3, activation="x" * 10**6)
    assert len(str(caught.value)) < 2100
    assert "characters more)" in str(caught.value)


def test_a_table_of_another_library_is_no_array_with_its_own_arithmetic() -> None:
    class Table:
        shape, ndim, dtype = (4, 3, 2), 3, np.dtype(float)

        def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError("no arithmetic before the check")

    with pytest.raises(InvalidArgument, match=r"^x: "):
        MODEL.forward(PARAMS, Table())


def test_cotangents_of_bounds_are_checked_as_those_of_backward() -> None:
    e = example(LSTM(2, 3), seed=0)
    run = forward(e.cell, e.params, e.x)
    for bad in (e.d_outputs + 1j, e.d_outputs[:1], np.ma.MaskedArray(e.d_outputs), e.d_outputs.astype(str)):
        with pytest.raises(InvalidArgument, match=r"^d_outputs: "):
            bounds(run, np.float64, bad)


def test_an_embedding_of_tokens_that_are_no_rows_is_refused_by_its_own_methods() -> None:
    table = Embedding(7, 2)
    with pytest.raises(InvalidArgument, match=r"^tokens: expected tokens from 0 to 6"):
        table.forward(table.init(np.random.default_rng(0)), np.array([[-1, 2]]))


@pytest.mark.parametrize("optimizer", [SGD, optimizers.RMSprop(0.5), optimizers.Adam(0.5)])
def test_arrays_with_their_own_arithmetic_pass_every_check_of_a_step(optimizer: Any) -> None:
    precision = Precision.of("float64")
    params = {name: Rounded.given(precision, value) for name, value in PARAMS.items()}
    given = optimizer.start(PARAMS)
    slots = {
        slot: {name: Rounded.given(precision, value) for name, value in its.items()}
        for slot, its in given.slots.items()
    }
    bounded = training.step(
        MODEL,
        LOSS,
        optimizer,
        params,
        optimizers.OptimizerState(0, slots),
        Rounded.given(precision, X),
        TARGET,
        clip=optimizers.Clip(0.5),
    )
    plain = training.step(MODEL, LOSS, optimizer, PARAMS, given, X, TARGET, clip=optimizers.Clip(0.5))
    for name, value in plain.gradients.items():
        assert (np.abs(bounded.gradients[name].value - value) <= 2 * bounded.gradients[name].bound).all()
