"""Files of Keras 2, which Keras 3 does not load, and weights alone: each recurrent layer by itself in Keras 3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed")

from conformance.commands.main import main  # noqa: E402
from conformance.models.files import running  # noqa: E402
from conformance.models.files.model import Said  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402
from conformance.tests.support import needs, run_forked  # noqa: E402
from refimpl import GRU  # noqa: E402
from refimpl.layouts import keras as layout  # noqa: E402


@pytest.fixture(autouse=True)
def keras(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("keras")
    needs("torch")
    forked = run_forked("keras", "torch", running.__name__, KERAS_BACKEND="torch")
    monkeypatch.setattr(running, "run_kept", forked)


def layer(kind: str, name: str, **options: Any) -> dict[str, Any]:
    """As Keras 2.15 writes it: with options that Keras 3 does not know."""
    config = {
        **{"name": name, "units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True},
        **{"return_sequences": True, "time_major": False, "implementation": 2, "unroll": False, **options},
    }
    return {"class_name": kind, "config": config}


LAYERS = [
    {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, 7, 3]}},
    layer("LSTM", "lstm", recurrent_activation="hard_sigmoid"),
    layer("GRU", "gru", reset_after=False),
]
CONFIG = {"class_name": "Sequential", "config": {"name": "m", "layers": LAYERS}}


def written(path: Path, config: Any = CONFIG, cudnn: bool = False) -> Path:
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        top = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
            top = file.create_group("model_weights")
        file.attrs["keras_version"] = "2.15.0" if not cudnn else "2.1.5"
        top.attrs["layer_names"] = ["x", "lstm", "gru"]
        top.create_group("x").attrs["weight_names"] = []
        for name, shapes in (("lstm", [(3, 16), (4, 16), (32 if cudnn else 16,)]), ("gru", [(4, 12), (4, 12), (12,)])):
            group = top.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{k}:0" for k in range(3)]
            for k, shape in enumerate(shapes):
                group[f"{name}/{k}:0"] = rng.normal(0, 0.5, shape).astype(np.float32)
    return path


def test_keras_3_is_told_to_mean_another_hard_sigmoid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(written(tmp_path / "old.h5")), "--in", "keras-torch"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "hard_sigmoid is taken as Keras 2.15.0 means it" in said
    assert "does not run it: ValueError: Unrecognized keyword arguments passed to LSTM: {'time_major': False}" in said
    assert "so each recurrent layer runs alone" in said
    assert "all numbers agree if its recurrent_activation is Keras 3's hard_sigmoid, not Keras 2's hard_sigmoid" in said
    assert "gru: agrees" in said


def test_weights_alone_are_told_by_their_shapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(written(tmp_path / "alone.h5", None)), "--in", "keras-torch"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "lstm: agrees" in said
    assert "gru: agrees" in said
    assert "lstm: activation tanh and recurrent_activation sigmoid taken; --activation" in said


def test_what_weights_do_not_say_can_be_said(tmp_path: Path) -> None:
    model = read(written(tmp_path / "alone.h5", None), Said(activation="relu", recurrent_activation="hard_sigmoid"))
    first = model.recurrent[0].recurrent
    assert first is not None
    assert (first.cell.activation, first.cell.recurrent_activation) == ("relu", "hard_sigmoid_keras2")


def test_the_layout_of_cudnn_is_turned_into_the_plain_one(tmp_path: Path) -> None:
    path = written(tmp_path / "cudnn.h5", None, cudnn=True)
    with h5py.File(path) as file:
        kernel, recurrent, bias = (np.array(file[f"lstm/lstm/{k}:0"]) for k in range(3))
    found = read(path).recurrent[0].recurrent
    assert found is not None
    got_kernel, got_recurrent, got_bias = layout.dump(found.cell, found.params)
    gate = slice(4, 8)  # Keras 2.15 turns each gate's block, stored row by row of its transpose, back
    assert np.array_equal(got_kernel[:, gate], kernel[:, gate].reshape(-1).reshape(4, 3).T)
    assert np.array_equal(got_recurrent[:, gate], recurrent[:, gate].T)
    assert np.array_equal(got_bias, bias[:16] + bias[16:])


def test_weights_alone_in_the_format_of_keras_3_are_told_too(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        for k, shape in enumerate([(3, 15), (5, 15), (2, 15)]):
            file[f"layers/gru/cell/vars/{k}"] = np.full(shape, 0.1 * k, np.float32)
        file["layers/dense/vars/0"] = np.ones((5, 2), np.float32)
    (node,) = read(tmp_path / "m.weights.h5").recurrent
    assert node.recurrent is not None
    assert node.recurrent.cell == GRU(3, 5)
