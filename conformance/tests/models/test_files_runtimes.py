"""A runtime that computes something else than its file holds: the layer is found, and what was done to it named."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from conformance.models.files import conventions, drawing, judging  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402
from conformance.models.files.running import Recording  # noqa: E402

from ..support import planted_files as planted  # noqa: E402
from ..support.planted_differences import EXPLAINED, STATE, UNEXPLAINED  # noqa: E402


def judged(tmp_path: Path, options: Mapping[str, Any], change: Any, before: Any = lambda proto: None) -> Any:
    """The verdict on a runtime that computes the changed file in place of the one that it was given.

    ``before`` changes both.
    """
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    from conformance.implementations.onnx import file_runs_onnxruntime

    right = planted.two_layers(**options)
    before(right)
    wrong = copy.deepcopy(right)
    change(wrong)
    model = read(planted.write(right, tmp_path / "right.onnx"))
    planted.write(wrong, tmp_path / "wrong.onnx")
    watch = sorted({name for node in model.nodes for name in (*node.inputs, *node.outputs) if name})
    values, _ = file_runs_onnxruntime.run(str(tmp_path / "wrong.onnx"), drawing.drawn(model), {"watch": watch})
    return judging.judge(model, Recording("onnxruntime", {}, values, {}))


OF_RUNTIMES = (
    *(
        "gates permuted",
        "gates of a GRU permuted",
        "reset form",
        "recurrent bias lost",
        "halves exchanged",
        "bias lost",
    ),
    *(
        "forget bias added",
        "hard sigmoid of Keras 3",
        "relu",
        "direction",
        "directions exchanged",
        "kernels transposed",
    ),
    *("recurrent kernel transposed", "update gate", "float16", "features reversed", "coupled gates", "peepholes"),
)


@pytest.mark.parametrize("name", OF_RUNTIMES)
def test_what_a_runtime_does_to_a_layer_is_named(name: str, tmp_path: Path) -> None:
    options, change, place, words = EXPLAINED[name]
    found = judged(tmp_path, options, change)
    (layer,) = (each for each in found.layers if each.verdict == "differs")
    assert layer.place == place.partition(" ")[0]
    assert any(words.removeprefix("in the second file ") in each for each in layer.explanations), layer.explanations
    assert found.whole.verdict == "differs"


@pytest.mark.parametrize(
    "name", ["one weight", "one gate's kernel", "all weights a little", "gates permuted and noise"]
)
def test_what_a_runtime_does_for_no_known_reason_has_no_explanation(name: str, tmp_path: Path) -> None:
    options, change, place = UNEXPLAINED[name]
    (layer,) = (each for each in judged(tmp_path, options, change).layers if each.verdict == "differs")
    assert layer.place == place
    assert layer.explanations == ()


def test_lengths_that_a_runtime_ignores_are_named_in_each_layer(tmp_path: Path) -> None:
    options, change, _, words = EXPLAINED["lengths ignored"]
    found = judged(tmp_path, options, change)
    assert [each.verdict for each in found.layers] == ["differs", "differs"]
    assert all(words in each.explanations for each in found.layers)


def test_values_that_an_approximate_function_loses_are_told(tmp_path: Path) -> None:
    model = read(planted.write(planted.two_layers("RNN"), tmp_path / "right.onnx"))
    inputs = {name: np.zeros_like(value) for name, value in drawing.drawn(model).items()}
    node = model.recurrent[0]
    layer = node.recurrent
    assert layer is not None
    bias = {name: 0 * value for name, value in layer.params.items() if "bias" in name}
    quiet = replace(node, recurrent=replace(layer, params={**layer.params, **bias}))
    inputs["x"][:, 0, 0] = 1e-12
    run = conventions.run(quiet.recurrent, conventions.given(quiet.recurrent, inputs))  # type: ignore[arg-type]
    kept = [value.astype(np.float32) for value in conventions.raw(layer, run.outputs, run.state)]
    assert judging.judge_layer(quiet, inputs, kept).verdict == "agrees"
    found = judging.judge_layer(quiet, inputs, [np.zeros_like(value) for value in kept])
    assert found.verdict == "differs"
    assert found.explanations is not None
    assert found.explanations[0].startswith("its activations are accurate to 12 units of 2^-24 of 1")


def test_a_state_that_stands_in_the_file_says_how_many_rows_are_drawn(tmp_path: Path) -> None:
    state = STATE[:, :2]
    found = judged(tmp_path, {"operator": "LSTM"}, lambda proto: None, planted.begun(state))
    assert [each.verdict for each in found.layers] == ["agrees", "agrees"]
    assert found.layers[0].quantities[0].numbers == drawing.TIME * len(state[0]) * 5
    (layer,) = (
        each
        for each in judged(tmp_path, {"operator": "LSTM"}, planted.input_of(0, "h", ""), planted.begun(state)).layers
        if each.verdict == "differs"
    )
    assert layer.explanations == ("the initial state is ignored",)
