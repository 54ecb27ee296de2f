"""Per-step outputs: the worked example, one matrix on input and state, and an interrupt that costs nothing."""

from __future__ import annotations

import re
import signal
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.training import Task
from conformance.commands.main import main
from conformance.contract import Array
from conformance.models.jobs import elman
from conformance.models.jobs.elman import LOSS, Network, exclusive_or
from conformance.models.jobs.frameworks import ask
from conformance.models.training.single_steps import rounded_step

from ..support import ROOT, python, start

pytestmark = pytest.mark.usefixtures("forked_frameworks")

PAGE = ROOT / "conformance" / "models" / "jobs" / "two_units.md"
NETWORK = Network(1, 2, 2, activation="linear")
JOINED = {
    "weights": np.array([[1.0, 2.0], [1.0, 1.0], [0.0, -1.0]]),
    "bias": np.zeros(2),
    "output_weights": np.log(2) * np.eye(2),
    "output_bias": np.zeros(2),
}
X, TARGETS = np.array([[[1.0], [1.0], [2.0]]]), np.array([[1, 1, 0]])


def on_paper() -> dict[str, Array]:
    """The last table of the page: what it says each gradient is."""
    found = {}
    for name, unit, numbers in re.findall(
        r"^\| (\w[^|]*) \| (ln|ln 2|1) \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE
    ):
        values = np.array([float(Fraction(number)) for number in numbers.split(",")])
        found[name] = np.log(values) if unit == "ln" else values * (np.log(2) if unit == "ln 2" else 1)
    return {
        "loss": found["loss"][0],
        "weights": np.stack([found[f"weights, row of {row}"] for row in ("x", "the first unit", "the second unit")]),
        "bias": found["bias"],
        "output_weights": np.stack(
            [found[f"output weights, row of {row}"] for row in ("the first unit", "the second unit")]
        ),
        "output_bias": found["output bias"],
    }


def bounds() -> dict[str, Array]:
    """How far rounding may take the loss and the gradients of the example, and the page's own numbers."""
    params = NETWORK.parted(JOINED)
    task = Task("two units", "pytorch", NETWORK.model, LOSS, ri.optimizers.SGD(), params, ((X, TARGETS),))
    done = rounded_step(task, params, task.optimizer.start(params), 0)
    joined = NETWORK.joined({name: gradient.bound for name, gradient in done.gradients.items()})
    unit = np.finfo(float).eps
    return {"loss": done.loss.bound + 4 * unit} | {name: bound + 4 * unit for name, bound in joined.items()}


def test_the_worked_example_is_what_the_oracle_computes() -> None:
    paper, allowed = on_paper(), bounds()
    loss, gradients = NETWORK.loss_and_gradients(JOINED, X, TARGETS)
    for name, got in {"loss": np.array(loss), **gradients}.items():
        off = np.abs(got - paper[name])
        assert (off <= allowed[name]).all(), f"{name}: {got} computed, {paper[name]} on paper, bound {allowed[name]}"
        assert np.max(allowed[name]) < 1e-12, "a bound this wide would show nothing"


def test_the_worked_example_is_what_pytorch_computes() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    options = {"activation": "linear", "learning_rate": 0.5}
    answer = ask("torch", "elman", {**JOINED, "x": X[None], "targets": TARGETS[None]}, options).arrays
    paper, allowed = on_paper(), bounds()
    theirs = {"loss": answer["losses"][0]} | {name: answer[f"d_{name}"][0] for name in JOINED}
    for name, got in theirs.items():
        assert (np.abs(got - paper[name]) <= allowed[name]).all(), f"{name}: {got}, {paper[name]} on paper"


def test_one_matrix_is_the_kernel_over_the_recurrent_kernel() -> None:
    network = Network(3, 4, 2)
    params = network.model.init(np.random.default_rng(0))
    joined = network.joined(params)
    x, h = np.arange(3.0), np.arange(4.0)
    whole = np.concatenate([x, h]) @ joined["weights"]
    parts = x @ params["simple_rnn.kernel"] + h @ params["simple_rnn.recurrent_kernel"]
    assert np.abs(whole - parts).max() <= 1e-14
    for name, value in network.parted(joined).items():
        assert (value == params[name]).all(), name


def test_each_third_bit_is_the_exclusive_or_of_the_two_before_it() -> None:
    x, targets = exclusive_or(np.random.default_rng(0), 50, 11)
    assert x.shape == (50, 11, 1)
    bits = np.concatenate([x[:, :, 0].astype(int), targets[:, -1:]], axis=1)
    assert (bits[:, 1:] == targets).all()
    assert (bits[:, 2::3] == bits[:, 0::3][:, :4] ^ bits[:, 1::3][:, :4]).all()


def test_losses_are_told_apart_by_what_comes_next() -> None:
    logits = np.zeros((1, 6, 2))
    logits[0, [1, 4], 0] = 50.0  # the third bit of each triple is foreseen
    found = elman.losses_by_place(logits, np.zeros((1, 6), int))
    assert [round(value, 3) for value in found] == [0.693, 0.693, 0.0]


def test_pytorch_follows_and_the_job_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    assert main(["job", "elman", "--rows", "64", "--epochs", "2", "--steps", "9", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "every step judged by its rounding bound" in said
    assert not list(tmp_path.iterdir())


def test_another_activation_fails_the_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch is not installed")

    def another(network: Network) -> ri.Model:
        cell = ri.SimpleRNN(network.inputs, network.units, activation="relu")
        return ri.Model((ri.Recurrent(cell, return_sequences=True), ri.Dense(network.units, network.classes)))

    monkeypatch.setattr(Network, "model", property(another))
    assert main(["job", "elman", "--rows", "64", "--epochs", "1", "--steps", "9", "--folder", str(tmp_path)]) == 1
    capsys.readouterr()


def test_an_interrupted_job_goes_on_bit_for_bit(tmp_path: Path) -> None:
    command = ("-m", "conformance", "job", "elman", "--epochs", "25", "--rows", "512", "--keep", "--folder")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    python(*command, str(whole))
    running = start(*command, str(parts))
    try:
        limit = time.monotonic() + 120
        while not list(parts.glob("elman-*.npz")):
            assert time.monotonic() < limit, "no epoch was finished"
            assert running.process.poll() is None, running.ended()
            time.sleep(0.01)
        running.process.send_signal(signal.SIGINT)
        status, said = running.ended()
    finally:
        running.end()
    assert status == 130, said
    assert "Traceback" not in said, said
    (path,) = parts.iterdir()
    (done,) = re.findall(rf"{path.name} holds epoch (\d+) of 25; the same command goes on from it", said)
    assert 0 < int(done) < 25, said
    with np.load(path) as stored:
        assert int(stored["epoch"]) == int(done)
    python(*command, str(parts))
    (uninterrupted,) = whole.iterdir()
    with np.load(uninterrupted) as one, np.load(path) as other:
        assert set(one.files) == set(other.files)
        assert int(other["epoch"]) == 25
        for name in set(one.files) - {"about", "sha256"}:  # which hold how long each epoch took
            assert one[name].tobytes() == other[name].tobytes(), f"{name} differs after the interrupt"
