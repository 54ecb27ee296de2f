"""Broken, oversized and foreign files: one clear line, and no memory taken for what is not there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed")

from conformance.commands.main import main  # noqa: E402
from conformance.models.files.model import CannotRead, Said  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402

LSTM = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "recurrent_activation": "sigmoid"}}
CONFIG: dict[str, Any] = {
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 7, 2]}}, LSTM]},
}
SHAPES = {"kernel:0": (2, 12), "recurrent_kernel:0": (3, 12), "bias:0": (12,)}


def legacy(path: Path, config: Any = CONFIG, **weights: Any) -> Path:
    """A file in the format of Keras 2."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights/lstm")
        group.attrs["weight_names"] = list(SHAPES)
        rng = np.random.default_rng(0)
        for name, shape in SHAPES.items():
            value = weights.get(name.removesuffix(":0"), rng.normal(size=shape).astype(np.float32))
            if value is not None:
                group[name] = value
    return path


def test_the_file_that_the_others_are_broken_from_is_read(tmp_path: Path) -> None:
    (node,) = read(legacy(tmp_path / "good.h5")).recurrent
    assert node.recurrent is not None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no mapping"),
        ({"class_name": "Sequential", "config": {}}, "its configuration is broken: KeyError"),
        ({"class_name": "Mine", "config": {}}, "a model of the class 'Mine'"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "a model without layers"),
        ({"class_name": "Sequential", "config": {"layers": [LSTM]}}, "does not say the shape of its input"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_broken_configuration_is_one_clear_line(config: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=words) as caught:
        read(legacy(tmp_path / "broken.h5", config))
    assert "\n" not in str(caught.value)


def test_a_shape_of_an_input_that_the_model_has_not_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", str(legacy(tmp_path / "good.h5")), "--shape", "tokens=3,7"]) == 2
    assert capsys.readouterr().err.startswith("tokens: no input of the model, which asks for ")


def test_a_complaint_is_short_whatever_the_file_says(tmp_path: Path) -> None:
    named = {**CONFIG, "class_name": "Mine" * 1000}
    with pytest.raises(CannotRead, match="a model of the class 'MineMine") as caught:
        read(legacy(tmp_path / "broken.h5", named))
    assert len(str(caught.value)) < 500


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["kernel"] = np.ones((2, 12), np.float32)
    path = legacy(tmp_path / "linked.h5", kernel=h5py.ExternalLink("secret.h5", "kernel"))
    with pytest.raises(CannotRead, match="is no array of numbers in this file"):
        read(path)


def test_a_group_that_is_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    legacy(tmp_path / "other.h5")
    path = legacy(tmp_path / "linked.h5", kernel=None)
    with h5py.File(path, "a") as file:
        where = file["model_weights/lstm"]
        where["cell"] = h5py.ExternalLink("other.h5", "model_weights/lstm")
        where.attrs["weight_names"] = ["cell/kernel:0", "recurrent_kernel:0", "bias:0"]
    with pytest.raises(CannotRead, match="is no array of numbers in this file"):
        read(path)


def test_numbers_outside_the_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes(2 * 12 * 4))
    path = legacy(tmp_path / "outside.h5", kernel=None)
    with h5py.File(path, "a") as file:
        where = file["model_weights/lstm"]
        where.create_dataset("kernel:0", (2, 12), "f4", external=[(str(tmp_path / "raw.bin"), 0, 96)])
    with pytest.raises(CannotRead, match="is no array of numbers in this file"):
        read(path)


def test_a_data_set_that_unpacks_to_terabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = legacy(tmp_path / "bomb.h5", kernel=None)
    with h5py.File(path, "a") as file:
        file["model_weights/lstm"].create_dataset("kernel:0", (2**20, 2**20), "f4", chunks=(1024, 1024))
    with pytest.raises(CannotRead, match="asks for 4,398,046,511,104 bytes"):
        read(path)


def test_weights_of_objects_are_refused(tmp_path: Path) -> None:
    path = legacy(tmp_path / "objects.h5", kernel=np.array([b"cposix\nsystem\n"], dtype=object))
    with pytest.raises(CannotRead, match="is no array of numbers"):
        read(path)


def test_a_layer_without_its_weights_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = legacy(tmp_path / "empty.h5")
    with h5py.File(path, "a") as file:
        file["model_weights/lstm"].attrs["weight_names"] = []
    (node,) = read(path).recurrent
    assert node.unknown == "weights: expected those of the layer, got none in the file"


def test_an_archive_that_unpacks_to_more_than_it_may_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (65 * 2**20))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(CannotRead, match=r"config.json is longer than"):
        read(tmp_path / "bomb.keras")


def test_an_archive_without_weights_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "half.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(CannotRead, match=r"it holds no model.weights.h5"):
        read(tmp_path / "half.keras")


def test_a_configuration_beside_weights_alone_is_taken(tmp_path: Path) -> None:
    path = legacy(tmp_path / "weights.h5", "")
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = ["none"]
        file["model_weights"].create_group("none").attrs["weight_names"] = []
    with pytest.raises(CannotRead, match="--config says what model they are of"):
        read(path)
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "keras_version": "2.15.0"}))
    assert read(path, Said(tmp_path / "config.json")).recurrent[0].recurrent is not None


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "config": {"name": "code", "function": "…"}},
        {"class_name": "Mine", "module": "os", "config": {"name": "mine"}},
        {"class_name": "Mine", "module": "keras", "registered_name": "pkg>Mine", "config": {"name": "mine"}},
    ],
)
def test_a_layer_that_holds_code_keeps_a_framework_from_loading_the_file(
    layer: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"class_name": "Sequential", "config": {"layers": [*CONFIG["config"]["layers"], layer]}}
    path = legacy(tmp_path / "code.h5", config)
    assert len(read(path).hazards) == 1
    assert main(["model", str(path)]) == 1
    assert "it would run code out of the file" in capsys.readouterr().out


def test_what_is_no_model_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("x.h5", b"no"), ("x.onnx", b"\xff" * 64), ("x.txt", b"hello"), ("y.keras", b"PK\x03\x04no")):
        path = tmp_path / name
        path.write_bytes(content)
        assert main(["model", str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(name), said
        assert said.count("\n") == 1, said
    assert main(["model", str(tmp_path / "none.onnx")]) == 2
    assert "no such file" in capsys.readouterr().err
    assert main(["model", str(tmp_path)]) == 2
    assert "a folder, not a file" in capsys.readouterr().err
