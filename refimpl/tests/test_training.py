"""Training: it learns, it goes on bit for bit where it stopped, and it refuses what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import Dense, Embedding, InvalidArgument, Model, SimpleRNN, losses, optimizers, training
from ..training import Progress, Snapshot

X = np.array([[[1, 2], [2, 3], [3, 4]], [[5, 6], [6, 7], [7, 8]], [[9, 10], [10, 11], [11, 12]]], float)
TARGET = np.array([[10.0], [20.0], [30.0]])
REGRESSION = Model((SimpleRNN(2, 4), Dense(4, 1)))
SENTIMENT = Model((Embedding(7, 3, mask_zero=True), SimpleRNN(3, 4), Dense(4, 1, "sigmoid")))
MOMENTUM = optimizers.SGD(0.05, momentum=0.5)


def sentiment(rows: int = 10) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    tokens = rng.integers(1, 7, (rows, 5))
    return tokens, (tokens[:, :1] > 3).astype(float)


def fit(start: Snapshot, epochs: int, **options: Any) -> Snapshot:
    x, target = sentiment()
    given: dict[str, Any] = {"batch_size": 4, "seed": 3, "validation": (x[:3], target[:3])} | options
    metric = training.binary_accuracy
    return training.fit(
        SENTIMENT, losses.BinaryCrossentropy(), MOMENTUM, start, x, target, epochs=epochs, metric=metric, **given
    )


def fresh() -> Snapshot:
    return Snapshot.fresh(SENTIMENT.init(np.random.default_rng(2)), MOMENTUM)


def same(a: Snapshot, b: Snapshot) -> bool:
    ours, theirs = a.arrays(), b.arrays()
    return ours.keys() == theirs.keys() and all(ours[n].tobytes() == theirs[n].tobytes() for n in ours)


def test_the_small_regression_is_learnt() -> None:
    optimizer = optimizers.Adam(0.01)
    start = Snapshot.fresh(REGRESSION.init(np.random.default_rng(0)), optimizer)
    done = training.fit(REGRESSION, losses.MeanSquaredError(), optimizer, start, X, TARGET, epochs=700)
    assert done.history["loss"][0] > 400
    assert done.history["loss"][-1] < done.history["loss"][0] / 10
    assert len(done.history["loss"]) == done.epoch == done.state.step == 700


def test_a_step_is_loss_gradient_and_update() -> None:
    loss, params = losses.MeanSquaredError(), REGRESSION.init(np.random.default_rng(0))
    optimizer = optimizers.SGD(0.125)
    found = training.step(REGRESSION, loss, optimizer, params, optimizer.start(params), X, TARGET)
    passed = REGRESSION.forward(params, X)
    gradients = REGRESSION.backward(passed, loss.gradient(TARGET, passed.output)).params
    assert found.loss == loss(TARGET, passed.output)
    for name, gradient in gradients.items():
        assert found.gradients[name].tolist() == gradient.tolist()
        assert found.params[name].tolist() == (params[name] - 0.125 * gradient).tolist()


def test_clipping_limits_the_step_and_not_the_gradients_reported() -> None:
    loss, params = losses.MeanSquaredError(), REGRESSION.init(np.random.default_rng(0))
    optimizer, clip = optimizers.SGD(1.0), optimizers.Clip(0.5)
    found = training.step(REGRESSION, loss, optimizer, params, optimizer.start(params), X, TARGET, clip)
    moved = np.sqrt(sum(((found.params[name] - params[name]) ** 2).sum() for name in params))
    assert abs(moved - 0.5) < 1e-14
    assert np.sqrt(sum((g**2).sum() for g in found.gradients.values())) > 10


def test_the_logits_behind_the_last_activation_give_the_same_loss() -> None:
    loss, params = losses.BinaryCrossentropy(), SENTIMENT.init(np.random.default_rng(0))
    batch = (params, MOMENTUM.start(params), *sentiment())
    plain = training.step(SENTIMENT, loss, MOMENTUM, *batch)
    short = training.step(SENTIMENT, loss, MOMENTUM, *batch, logits_shortcut=True)
    assert abs(plain.loss - short.loss) < 1e-14
    assert plain.output.tolist() == short.output.tolist()
    for name in params:
        assert np.abs(plain.gradients[name] - short.gradients[name]).max() < 1e-14
    others: list[tuple[Model, losses.Loss]] = [(REGRESSION, loss), (SENTIMENT, losses.MeanSquaredError())]
    for model, its_loss in others:
        with pytest.raises(InvalidArgument):
            training.without_final_activation(model, its_loss)


def test_training_goes_on_bit_for_bit_from_any_epoch() -> None:
    seen: list[Snapshot] = []
    whole = fit(fresh(), 4, on_epoch=seen.append)
    assert [snapshot.epoch for snapshot in seen] == [1, 2, 3, 4]
    for snapshot in seen:
        stored = Snapshot.from_arrays(snapshot.arrays(), SENTIMENT, MOMENTUM, np.float64)
        assert same(stored, snapshot)
        assert same(fit(stored, 4), whole)
    assert same(fit(whole, 4), whole)
    assert not same(fit(fresh(), 4, seed=4), whole)


def test_arrays_of_a_snapshot_need_no_pickle(tmp_path: Any) -> None:
    done = fit(fresh(), 2)
    np.savez(tmp_path / "snapshot.npz", **done.arrays())
    with np.load(tmp_path / "snapshot.npz", allow_pickle=False) as stored:
        assert same(Snapshot.from_arrays(dict(stored), SENTIMENT, MOMENTUM, np.float64), done)


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": np.array(1.5)},
        {"step": np.array(-1)},
        {"params/dense.bias": np.zeros(2)},
        {"params/dense.bias": np.zeros(1, np.float32)},
        {"slots/momentum/dense.bias": np.array([None])},
        {"history/loss": np.zeros(3)},
        {"more": np.zeros(1)},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_a_snapshot_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    arrays = fit(fresh(), 2).arrays() | change
    with pytest.raises(InvalidArgument):
        Snapshot.from_arrays(arrays, SENTIMENT, MOMENTUM, np.float64)


def test_a_snapshot_that_lacks_something_or_is_another_optimizers_is_refused() -> None:
    arrays = fit(fresh(), 1).arrays()
    with pytest.raises(InvalidArgument):
        Snapshot.from_arrays(arrays, SENTIMENT, optimizers.Adam(), np.float64)
    del arrays["params/dense.bias"]
    with pytest.raises(InvalidArgument):
        Snapshot.from_arrays(arrays, SENTIMENT, MOMENTUM, np.float64)


def test_an_epoch_reports_the_means_over_its_rows() -> None:
    x, target = sentiment()
    still = optimizers.SGD(0.0)
    params, said = SENTIMENT.init(np.random.default_rng(2)), list[Progress]()
    loss = losses.BinaryCrossentropy()
    done = training.fit(
        SENTIMENT,
        loss,
        still,
        Snapshot.fresh(params, still),
        x,
        target,
        epochs=1,
        batch_size=4,
        metric=training.binary_accuracy,
        on_batch=said.append,
    )
    whole = loss(target, SENTIMENT.forward(params, x).output)
    assert abs(done.history["loss"][0] - whole) < 1e-14
    assert [(p.epoch, p.epochs, p.batch, p.batches) for p in said] == [(1, 1, 1, 3), (1, 1, 2, 3), (1, 1, 3, 3)]
    assert isinstance(said[-1], Progress)
    assert said[-1].loss == done.history["loss"][0]
    value, accuracy = training.evaluate(SENTIMENT, loss, params, x, target, 4, training.binary_accuracy)
    assert abs(value - whole) < 1e-14
    assert accuracy == done.history["metric"][0]


def test_every_epoch_takes_every_row_once_in_an_order_of_its_own() -> None:
    orders = [training.order(9, 5, epoch).tolist() for epoch in range(3)]
    assert all(sorted(rows) == list(range(9)) for rows in orders)
    assert len({tuple(rows) for rows in orders}) == 3
    assert training.order(4, None, 2).tolist() == [0, 1, 2, 3]


def test_accuracies_count_what_is_right() -> None:
    assert training.binary_accuracy([[1], [0], [1], [0]], np.array([[0.6], [0.4], [0.5], [0.9]])) == 0.5
    logits = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0]])
    assert training.categorical_accuracy([1, 1, 1], logits) == 2 / 3
    assert training.categorical_accuracy(np.eye(2)[[1, 0, 0]], logits) == 2 / 3


def test_float32_trains_in_float32() -> None:
    start = Snapshot.fresh(SENTIMENT.init(np.random.default_rng(2), np.float32), MOMENTUM)
    done = fit(start, 2)
    assert {value.dtype for value in done.params.values()} == {np.dtype(np.float32)}
    assert all(v.dtype == np.float32 for values in done.state.slots.values() for v in values.values())


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": 2.5}])
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        fit(fresh(), 1, **options)


def test_rows_that_do_not_match_are_refused() -> None:
    start = Snapshot.fresh(REGRESSION.init(np.random.default_rng(0)), MOMENTUM)
    for x, target in [(X, TARGET[:2]), (X[:0], TARGET[:0])]:
        with pytest.raises(InvalidArgument, match="rows"):
            training.fit(REGRESSION, losses.MeanSquaredError(), MOMENTUM, start, x, target, epochs=1)
