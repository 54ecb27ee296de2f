"""Keras's own files, run by Keras: every recurrent layer is found and agrees, in each format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.models.files import judging
from conformance.models.files.judging import FileVerdict
from conformance.models.files.model import Model, Said
from conformance.models.files.readers.reading import read
from conformance.models.files.running import Recording, loaded

from ..support import keras_files, needs, to_its_end
from ..support.forked_frameworks import start_with

NOT_LOADED_BY_KERAS = {"merged.h5", "mask dropped.h5"}
"""Keras 3.15 writes the mask of a model as operations, which its own reader of ``.h5`` does not know."""
CASES = [(name, suffix) for name in keras_files.MODELS for suffix in keras_files.FORMATS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("keras")
    found = tmp_path_factory.mktemp("keras files")
    status, said = to_its_end(start_with("keras-tensorflow", "conformance.tests.support.keras_files", str(found)))
    assert status == 0, said
    return found


def opened(folder: Path, name: str, suffix: str) -> Model:
    config = folder / f"{name}.json" if suffix == ".weights.h5" else None
    return read(folder / f"{name}{suffix}", Said(config))


def recorded(folder: Path, name: str, suffix: str) -> Recording:
    file = f"{name}{suffix}"
    names = json.loads((folder / f"{file}.names").read_text())
    return Recording("keras-tensorflow", {}, loaded(folder / f"{file}.npz", names), {})


def judged(folder: Path, name: str, suffix: str) -> FileVerdict:
    return judging.judge(opened(folder, name, suffix), recorded(folder, name, suffix))


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_every_recurrent_layer_is_found_and_agrees(folder: Path, name: str, suffix: str) -> None:
    if f"{name}{suffix}" in NOT_LOADED_BY_KERAS:
        assert "Unknown layer: 'NotEqual'" in (folder / f"{name}{suffix}.failed").read_text()
        return
    found = judged(folder, name, suffix)
    assert len(found.layers) == keras_files.MODELS[name]
    if name == "mask dropped":
        assert "the mask that comes with its input did not reach lstm" in found.whole.reason
        assert found.whole.verdict == "differs", "Keras drops a mask where a state is given (divergences.toml)"
        assert {layer.verdict for layer in found.layers} == {"agrees"}
        return
    for layer in found.layers:
        assert layer.verdict == "agrees", f"{layer.place}: {layer.reason} {layer.worst}"
    assert found.whole.verdict == "agrees", f"{found.whole.reason} {found.whole.worst}"
    assert not [part.place for part in found.parts if part.verdict == "differs"]
    assert not found.unknown


def test_a_file_that_keras_does_not_load_is_read_all_the_same(folder: Path) -> None:
    model = opened(folder, "merged", ".h5")
    assert [node.recurrent is not None for node in model.recurrent] == [True, True]


def changed(model: Model, place: int, **changes: Any) -> Model:
    """The model with another recurrent layer in that place."""
    node = model.recurrent[place]
    assert node.recurrent is not None
    other = replace(node, recurrent=replace(node.recurrent, **changes))
    return replace(model, nodes=tuple(other if each is node else each for each in model.nodes))


@pytest.mark.parametrize("name", ["gru two layers", "tagger", "rnn three layers"])
def test_one_weight_that_is_off_by_a_thousandth_is_seen_in_its_layer_alone(folder: Path, name: str) -> None:
    model = opened(folder, name, ".keras")
    layer = model.recurrent[1].recurrent
    assert layer is not None
    key = next(key for key in layer.params if key.endswith("recurrent_kernel"))
    kernel = np.array(layer.params[key])
    kernel[0, 0] += 1e-3
    planted = changed(model, 1, params={**layer.params, key: kernel})
    found = judging.judge(planted, recorded(folder, name, ".keras"))
    expected = ["agrees", "differs", "agrees"][: len(found.layers)]
    assert [each.verdict for each in found.layers] == expected
    assert found.layers[1].first_step == (1 if model.recurrent[1].recurrent.return_sequences else None)  # type: ignore[union-attr]


def test_a_mask_that_is_left_out_is_seen_by_the_whole_model(folder: Path) -> None:
    model = opened(folder, "tagger", ".keras")
    embedding = model.nodes[0]
    deaf = replace(embedding, attributes={**embedding.attributes, "mask_zero": False})
    without = tuple(deaf if node is embedding else drop_mask(node) for node in model.nodes)
    found = judging.judge(replace(model, nodes=without), recorded(folder, "tagger", ".keras"))
    assert {each.verdict for each in found.layers} == {"agrees"}, "each layer was told its mask by Keras"
    assert found.whole.verdict == "differs"


def drop_mask(node: Any) -> Any:
    """The node without the mask that Keras 3.15 writes as an input of its own."""
    kept = [(name, role) for name, role in zip(node.inputs, node.roles, strict=True) if role != "mask"]
    return replace(node, inputs=tuple(name for name, _ in kept), roles=tuple(role for _, role in kept))


def test_a_dense_layer_that_is_off_is_named_among_the_parts(folder: Path) -> None:
    model, recording = opened(folder, "lstm", ".keras"), recorded(folder, "lstm", ".keras")
    (dense,) = (node for node in model.nodes if node.operator == "Dense")
    values = {**recording.values, dense.outputs[0]: recording.values[dense.outputs[0]] * np.float32(1 + 1e-4)}
    found = judging.judge(model, replace(recording, values=values))
    assert [(part.operator, part.verdict) for part in found.parts] == [("Dense", "differs")]


def test_hard_sigmoid_is_said_to_be_taken_as_keras_3_means_it(folder: Path) -> None:
    notes = opened(folder, "hard", ".keras").notes
    assert len(notes) == 2
    assert all("hard_sigmoid is taken as Keras 3 means it" in note for note in notes)


def test_a_file_of_keras_2_is_said_to_mean_its_own_hard_sigmoid(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "hard.json").read_text())
    config["keras_version"] = "2.15.0"
    (tmp_path / "hard.json").write_text(json.dumps(config))
    model = read(folder / "hard.weights.h5", Said(tmp_path / "hard.json"))
    assert "taken as Keras 2.15.0 means it" in model.notes[0]
    found = judging.judge(model, recorded(folder, "hard", ".weights.h5"))
    assert [each.verdict for each in found.layers] == ["differs", "differs"]
