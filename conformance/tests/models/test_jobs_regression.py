"""The small regression: its published start and end, and Keras step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.commands.main import main
from conformance.implementations.keras.sequential import dump
from conformance.models.jobs.regression import (
    ADAM,
    EPOCHS,
    LOSS,
    MODEL,
    PUBLISHED,
    PUBLISHED_LOSS,
    distances,
    start,
    trajectory,
)
from conformance.models.training.tasks import REGRESSION_RECURRENT_KERNEL, REGRESSION_TARGET, REGRESSION_X
from refimpl.training import Snapshot, fit

from ..support import needs

pytestmark = pytest.mark.usefixtures("forked_frameworks")


def test_the_published_predictions_have_the_published_loss() -> None:
    loss = float(LOSS(REGRESSION_TARGET, np.array(PUBLISHED)[:, None]))
    assert 0.00697 < loss < 0.00698
    assert round(loss, 4) == PUBLISHED_LOSS


def test_the_published_recurrent_kernel_is_orthogonal_as_far_as_it_was_printed() -> None:
    off = np.abs(REGRESSION_RECURRENT_KERNEL @ REGRESSION_RECURRENT_KERNEL.T - np.eye(4)).max()
    assert 3.1e-7 < off < 3.3e-7


def test_each_draw_of_the_dense_layer_is_another_and_within_glorots_limit() -> None:
    draws = np.array([start(draw)["dense.kernel"][:, 0] for draw in range(10)])
    assert np.abs(draws).max() <= np.sqrt(6 / (4 + 1))
    assert len(np.unique(draws)) == draws.size


@pytest.mark.parametrize("draw", [0, 1])
def test_two_thousand_epochs_end_where_they_were_seen_to_end(draw: int) -> None:
    end = fit(
        MODEL,
        LOSS,
        ADAM,
        Snapshot.fresh(start(draw), ADAM),
        REGRESSION_X,
        REGRESSION_TARGET,
        epochs=EPOCHS,
        batch_size=3,
    )
    first, second, third = MODEL.predict(end.params, REGRESSION_X)[:, 0]
    assert 0.0005 <= round(float(LOSS(REGRESSION_TARGET, MODEL.predict(end.params, REGRESSION_X))), 4) <= 0.0083
    assert abs(first - 10) < 0.01
    assert abs(second - 20) < 0.01
    assert 29.84 < third < 29.97


def test_a_difference_of_one_weight_in_one_step_is_seen() -> None:
    ours = trajectory(0, 5, "keras-tensorflow")
    steps = [{name: values[k] for name, values in ours.items() if name != "loss"} for k in range(5)]
    theirs = {f"0.steps.w{k}": np.stack([dump(MODEL, one)[k] for one in steps]) for k in range(5)}
    assert distances(0, 5, "keras-tensorflow", theirs).tolist() == [0.0] * 5
    theirs["0.steps.w1"] = theirs["0.steps.w1"].copy()
    theirs["0.steps.w1"][3, 1, 2] += 1e-9
    found = distances(0, 5, "keras-tensorflow", theirs)
    assert found[[0, 1, 2, 4]].tolist() == [0.0] * 4
    assert 1e-10 < found[3] < 1e-8


def test_keras_follows_and_the_job_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs("tensorflow")
    few = ("--epochs", "60", "--draws", "2", "--followed", "1", "--folder", str(tmp_path))
    status = main(["job", "regression", *few])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "the first 50 steps, in units of the derived tolerance" in said
    assert not list(tmp_path.iterdir())
