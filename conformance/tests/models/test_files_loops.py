"""Recurrences that an exporter wrote as a loop: found, judged as what they are, and named where they are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from conformance.implementations.onnx import file_runs_onnxruntime  # noqa: E402
from conformance.models.files import against, drawing, judging  # noqa: E402
from conformance.models.files.checking import Check  # noqa: E402
from conformance.models.files.judging import FileVerdict  # noqa: E402
from conformance.models.files.model import Model  # noqa: E402
from conformance.models.files.readers.reading import read  # noqa: E402
from conformance.models.files.running import Recording  # noqa: E402

from ..support.looped_files import CELLS, HARD, STEPS, looped  # noqa: E402

NAMES = {"RNN": "SimpleRNN", "LSTM": "LSTM", "after": "GRU", "before": "GRU"}


LOSES = "its activations are accurate to 12 units of 2^-24 of 1"
"""ONNX Runtime's are: onnxruntime-small-values-are-lost in ``implementations/onnx/divergences.toml``."""


def opened(proto: Any, folder: Path, name: str = "loop.onnx") -> Model:
    onnx.checker.check_model(proto)
    onnx.save(proto, str(folder / name))
    return read(folder / name)


def judged(model: Model, by: str = "") -> FileVerdict:
    """The verdict on what ONNX Runtime computes of the file, or of another under its name."""
    watch = sorted({name for node in model.nodes for name in (*node.inputs, *node.outputs) if name})
    values, _ = file_runs_onnxruntime.run(by or model.path, drawing.drawn(model), {"watch": watch})
    return judging.judge(model, Recording("onnxruntime", {}, values, {}))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_loop_over_a_cell_is_that_cell_and_agrees(cell: str, masked: bool, backwards: bool, tmp_path: Path) -> None:
    model = opened(looped(cell, masked=masked, backwards=backwards), tmp_path)
    (node,) = model.recurrent
    assert node.recurrent is not None, node.unknown
    assert type(node.recurrent.cell).__name__ == NAMES[cell]
    assert getattr(node.recurrent.cell, "reset_after", cell == "after") == (cell == "after")
    assert node.recurrent.reverse == backwards
    assert ("mask" in node.roles) == masked
    found = judged(model)
    (layer,) = found.layers
    assert layer.verdict == "agrees" or LOSES in (layer.explanations or ("",))[0], layer
    assert layer.worst is not None
    assert found.whole.verdict == "agrees"


@pytest.mark.parametrize("cell", CELLS)
def test_the_weights_are_those_of_the_file_to_the_last_bit(cell: str, tmp_path: Path) -> None:
    proto = looped(cell)
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}
    layer = opened(proto, tmp_path).recurrent[0].recurrent
    assert layer is not None
    columns = {tuple(column) for name in ("W", "U") for column in stored[name].T}
    for name in ("kernel", "recurrent_kernel"):
        assert layer.params[name].dtype == np.float32
        assert {tuple(column) for column in layer.params[name].T} <= columns


def test_a_product_that_adds_what_another_made_is_one_sum_with_it(tmp_path: Path) -> None:
    model = opened(looped("RNN", step="Gemm(x,W,b)=xb Gemm(h,U,xb)=s Tanh(s)=H"), tmp_path)
    layer = model.recurrent[0].recurrent
    assert layer is not None, model.recurrent[0].unknown
    assert layer.cell.activation == "tanh"
    assert judged(model).whole.verdict == "agrees"


WRONG = {
    "the update gate the other way round": (
        "after",
        "Mul(z,h)=zh Sub(one,z)=y Mul(y,n)=yn",
        "Mul(z,n)=zh Sub(one,z)=y Mul(y,h)=yn",
    ),
    "no output gate": ("LSTM", "Mul(so,tc)=H", "Mul(tc,tc)=H"),
    "a state that is halved": ("RNN", "Tanh(s)=H", "Tanh(s)=t Mul(t,t)=H"),
    "its own index": ("RNN", "Tanh(s)=H", "Cast(k)=kf Add(s,kf)=t Tanh(t)=H"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_loop_over_another_step_is_named_and_not_taken_for_a_cell(name: str, tmp_path: Path) -> None:
    cell, right, wrong = WRONG[name]
    assert right in STEPS[cell]
    (node,) = opened(looped(cell, step=STEPS[cell].replace(right, wrong)), tmp_path).recurrent
    assert node.recurrent is None
    why = "depends on which step it is" if "index" in name else "none of SimpleRNN, LSTM and GRU computes"
    assert why in node.unknown
    assert node.name == "while"


def test_a_hard_sigmoid_whose_sixth_is_rounded_is_known_and_named(tmp_path: Path) -> None:
    step = STEPS["LSTM"]
    for squash, hard in HARD.items():
        step = step.replace(squash, hard)
    one = looped("LSTM", step=step)
    first = opened(one, tmp_path, "one.onnx")
    (tensor,) = (t for t in one.graph.initializer if t.name == "sixth")
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(np.float16(1 / 6), np.float32), "sixth"))
    second = opened(one, tmp_path, "other.onnx")
    for model, squash in (
        (first, "hard_sigmoid"),
        (second, "hard_sigmoid(0.1666259765625,0.4998779296875,0.999755859375)"),
    ):
        layer = model.recurrent[0].recurrent
        assert layer is not None, model.recurrent[0].unknown
        assert layer.cell.recurrent_activation == squash
        assert judged(model).whole.verdict == "agrees"
    inputs = drawing.drawn(first)
    found = against.compare(Check(first, inputs, ()), Check(second, inputs, ()))
    words = "in the second file its recurrent_activation is hard_sigmoid with 1/6 rounded to float16"
    assert [each.sentence for each in found.findings] == [words]


def test_an_output_before_the_first_step_that_is_not_zero_is_no_masked_layer(tmp_path: Path) -> None:
    (node,) = opened(looped("RNN", masked=True, before=0.5), tmp_path).recurrent
    assert "what it returns of a masked step is none of zeros" in node.unknown


def test_a_runtime_that_computes_another_loop_is_seen_in_it(tmp_path: Path) -> None:
    model = opened(looped("LSTM"), tmp_path)
    proto = looped("LSTM")
    (tensor,) = (t for t in proto.graph.initializer if t.name == "U")
    tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor) * np.float32(1.001), "U"))
    onnx.save(proto, str(tmp_path / "other.onnx"))
    found = judged(model, str(tmp_path / "other.onnx"))
    assert [each.verdict for each in found.layers] == ["differs"]


def test_two_loops_in_place_of_a_layer_of_both_directions_are_compared_with_it(tmp_path: Path) -> None:
    ahead, back = opened(looped("after"), tmp_path), opened(looped("after", backwards=True), tmp_path, "back.onnx")
    inputs = drawing.drawn(ahead)
    found = against.compare(Check(ahead, inputs, ()), Check(back, inputs, ()))
    assert found.findings[0].sentence == "in the second file it runs in the other direction"


def test_an_unrolled_recurrence_is_told_and_what_it_returns_is_compared(tmp_path: Path) -> None:
    proto = looped("RNN")
    words = STEPS["RNN"]
    helper = onnx.helper
    nodes = [helper.make_node("Split", ["in"], [f"in{k}" for k in range(3)], axis=1)]
    state = "h_start"
    for k in range(3):
        nodes.append(helper.make_node("Squeeze", [f"in{k}", "axis"], [f"step{k}"]))
        for each in words.split():
            call, _, output = each.rpartition("=")
            operator, _, given = call.rstrip(")").partition("(")
            names = {"x": f"step{k}", "h": state, "W": "W", "U": "U", "b": "b"}
            nodes.append(
                helper.make_node(operator, [names.get(n, f"{n}{k}") for n in given.split(",")], [f"{output}{k}"])
            )
        state = f"H{k}"
    value = helper.make_tensor_value_info
    tensors = [*proto.graph.initializer, onnx.numpy_helper.from_array(np.array([1]), "axis")]
    asked = [value("in", 1, ["batch", 3, 3]), value("h_start", 1, ["batch", 4])]
    graph = helper.make_graph(nodes, "g", asked, [value(state, 1, ["batch", 4])], tensors)
    unrolled = opened(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path)
    (note,) = unrolled.notes
    assert "a recurrence is unrolled, 2 matrices are multiplied 3 times each" in note
    assert judged(unrolled).whole.verdict == "agrees"
    del proto.graph.output[0]
    rolled = opened(proto, tmp_path, "rolled.onnx")
    inputs = drawing.drawn(unrolled)
    found = against.compare(Check(rolled, inputs, ()), Check(unrolled, inputs, ()))
    assert found.same
    assert found.unaligned.startswith("the second file has no recurrent layer that could be read")
    moved = {**inputs, "h_start": 2 * inputs["h_start"]}
    other = against.compare(Check(rolled, inputs, ()), Check(unrolled, moved, ()))
    assert not other.same
    assert "the models' outputs differ since the inputs" in other.findings[0].sentence
