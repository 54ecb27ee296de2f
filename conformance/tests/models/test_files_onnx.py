"""ONNX files by PyTorch's two exporters, run by ONNX Runtime and by ONNX's reference evaluator."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed")

from conformance.implementations.onnx import file_runs_onnxruntime, file_runs_reference  # noqa: E402
from conformance.models.files import drawing, judging  # noqa: E402
from conformance.models.files.model import CannotRead, Model  # noqa: E402
from conformance.models.files.readers.onnx_choices import chosen  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402
from conformance.models.files.running import Recording  # noqa: E402

from ..support import torch_files  # noqa: E402

CASES = [(name, exporter) for name in torch_files.MODELS for exporter in torch_files.EXPORTERS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx files")


@cache
def file_of(folder: Path, name: str, exporter: str) -> Path:
    return torch_files.exported(name, exporter, folder / f"{name} {exporter}.onnx")


def recorded(model: Model, runtime: Any = file_runs_onnxruntime) -> Recording:
    watch = sorted({name for node in model.nodes for name in (*node.inputs, *node.outputs) if name})
    values, report = runtime.run(model.path, drawing.drawn(model), {"watch": watch})
    return Recording("onnxruntime", {}, values, report)


@pytest.mark.parametrize(("name", "exporter"), CASES)
def test_every_recurrent_layer_is_found_and_agrees(folder: Path, name: str, exporter: str) -> None:
    model = read(file_of(folder, name, exporter))
    found = judging.judge(model, recorded(model))
    options = torch_files.MODELS[name]
    in_parts = options["kind"] == "RNN" and exporter == "dynamo"  # which writes no node RNN, but every step's operators
    assert len(found.layers) == (0 if in_parts else options.get("num_layers", 1))
    assert in_parts == any("no recurrent node" in note for note in model.notes)
    for layer in found.layers:
        assert layer.verdict == "agrees", f"{layer.place}: {layer.reason} {layer.worst}"
    for part in found.parts:
        assert part.verdict == "agrees", f"{part.place} {part.operator}: {part.reason} {part.worst}"
    assert found.whole.verdict == "agrees", f"{found.whole.reason} {found.whole.worst}"


def test_the_file_computes_what_the_module_that_it_came_from_computes(folder: Path) -> None:
    import torch

    from conformance.models.files.computing.interpreting import evaluate

    name = "lstm two layers both directions"
    model = read(file_of(folder, name, "torchscript"))
    tokens = drawing.drawn(model)[model.inputs[0].name]
    with torch.no_grad():
        expected = torch_files.tagger(name)(torch.from_numpy(tokens))[0].numpy()
    got = evaluate(model, {model.inputs[0].name: tokens}).values[model.outputs[0]]
    assert np.abs(got - expected).max() < 64 * 2.0**-24, "far less than any fault, far more than float32's rounding"


def test_the_reference_evaluator_agrees_too(folder: Path) -> None:
    model = read(file_of(folder, "gru three layers", "torchscript"))
    found = judging.judge(model, recorded(model, file_runs_reference))
    assert {each.verdict for each in (*found.layers, found.whole)} == {"agrees"}


def test_reset_before_in_place_of_after_is_seen(folder: Path, tmp_path: Path) -> None:
    proto = onnx.load(file_of(folder, "gru", "torchscript"))
    (node,) = (node for node in proto.graph.node if node.op_type == "GRU")
    (attribute,) = (each for each in node.attribute if each.name == "linear_before_reset")
    attribute.i = 0
    onnx.save(proto, tmp_path / "changed.onnx")
    model, changed = read(file_of(folder, "gru", "torchscript")), read(tmp_path / "changed.onnx")
    found = judging.judge(model, recorded(changed))
    assert found.layers[0].verdict == "differs"
    assert found.layers[0].first_step == 0, "the candidate's recurrent bias stands inside the product"
    assert {part.verdict for part in found.parts} == {"agrees"}


def test_a_recurrent_node_in_a_branch_is_computed_where_the_inputs_choose_it(tmp_path: Path) -> None:
    helper = onnx.helper
    lstm = helper.make_node("LSTM", ["x", "W", "R"], ["Y"], name="inner", hidden_size=2)
    x, cond = (helper.make_tensor_value_info(n, t, s) for n, t, s in (("x", 1, [4, 1, 3]), ("cond", 9, [])))
    y = helper.make_tensor_value_info("Y", 1, [4, 1, 1, 2])
    branches = {f"{way}_branch": helper.make_graph([lstm], way, [], [y]) for way in ("then", "else")}
    node = helper.make_node("If", ["cond"], ["Z"], name="choice", **branches)
    z = helper.make_tensor_value_info("Z", 1, [4, 1, 1, 2])
    rng = np.random.default_rng(0)
    tensors = [
        onnx.numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("W", (1, 8, 3)), ("R", (1, 8, 2)))
    ]
    graph = helper.make_graph([node], "g", [x, cond], [z], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "if.onnx")
    (found,) = read(tmp_path / "if.onnx").recurrent
    assert found.unknown.startswith("If with LSTM, LSTM inside")
    model = read(tmp_path / "if.onnx")
    for choice in (True, False):
        inputs = {**drawing.drawn(model), "cond": np.array(choice)}
        followed = chosen(model, inputs)
        assert any(f"choose its {'then' if choice else 'else'} branch" in note for note in followed.notes)
        watch = [name for each in followed.nodes for name in (*each.inputs, *each.outputs) if name]
        how = {"watch": watch, "original": str(tmp_path / "if.onnx")}
        values, _ = file_runs_onnxruntime.run(followed.path, inputs, how)
        judged = judging.judge(followed, Recording("onnxruntime", {}, values, {}))
        assert [each.verdict for each in judged.layers] == ["agrees"]
        assert judged.whole.verdict == "agrees"


def test_a_tensor_that_asks_for_more_than_the_file_has_is_refused(folder: Path, tmp_path: Path) -> None:
    proto = onnx.load(file_of(folder, "rnn", "torchscript"))
    proto.graph.initializer[0].ClearField("raw_data")
    proto.graph.initializer[0].dims[:] = [2**40, 2**10]
    onnx.save(proto, tmp_path / "huge.onnx")
    with pytest.raises(CannotRead, match=r"asks for .* bytes, more than are read of one file"):
        read(tmp_path / "huge.onnx")


def test_external_data_are_not_followed(folder: Path, tmp_path: Path) -> None:
    proto = onnx.load(file_of(folder, "rnn", "torchscript"))
    onnx.save(proto, tmp_path / "apart.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(CannotRead, match="lies in another file, which is not followed"):
        read(tmp_path / "apart.onnx")


def test_a_value_that_nothing_computes_is_a_broken_file(folder: Path, tmp_path: Path) -> None:
    proto = onnx.load(file_of(folder, "rnn", "torchscript"))
    proto.graph.node[-1].input[0] = "nowhere"
    onnx.save(proto, tmp_path / "broken.onnx")
    with pytest.raises(CannotRead, match="needs 'nowhere', which nothing computes"):
        read(tmp_path / "broken.onnx")


def test_inputs_cover_the_vocabulary_and_no_two_axes_are_alike(folder: Path) -> None:
    model = read(file_of(folder, "gru", "torchscript"))
    (tokens,) = drawing.drawn(model).values()
    assert tokens.shape == (drawing.BATCH, drawing.TIME)
    assert 0 <= tokens.min() < tokens.max() < 20
    assert tokens.max() > 2
    assert replace(model.inputs[0], name="x").symbols == ("batch", "time")


def test_a_loop_that_looks_like_a_recurrence_is_named(tmp_path: Path) -> None:
    helper = onnx.helper
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still on"]),
            helper.make_node("MatMul", ["h", "U"], ["a"]),
            helper.make_node("Tanh", ["a"], ["new h"]),
        ],
        "body",
        [info("count", 7, []), info("on", 9, []), info("h", 1, [1, 2])],
        [info("still on", 9, []), info("new h", 1, [1, 2])],
    )
    loop = helper.make_node("Loop", ["steps", "", "h0"], ["y"], name="while", body=body)
    tensors = [onnx.numpy_helper.from_array(np.eye(2, dtype=np.float32), "U")]
    tensors.append(onnx.numpy_helper.from_array(np.array(3), "steps"))
    graph = helper.make_graph([loop], "g", [info("h0", 1, [1, 2])], [info("y", 1, [1, 2])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "loop.onnx")
    (found,) = read(tmp_path / "loop.onnx").recurrent
    assert found.unknown.startswith("Loop with products and activations inside: a recurrence, it seems")
