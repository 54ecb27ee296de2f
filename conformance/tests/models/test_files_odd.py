"""Files that are legal and odd: nothing in them passes unseen, no name is taken for markup, no memory for granted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from conformance.commands.main import main  # noqa: E402

from ..support import planted_files  # noqa: E402


def at_run_time(*layers: int) -> Any:
    """Two LSTMs, of which these get their kernel as an input of the model."""
    proto = planted_files.two_layers("LSTM")
    for k in layers:
        (tensor,) = (each for each in proto.graph.initializer if each.name == f"W{k}")
        proto.graph.initializer.remove(tensor)
        proto.graph.input.append(helper.make_tensor_value_info(f"W{k}", TensorProto.FLOAT, tensor.dims))
    return proto


def in_a_loop() -> Any:
    """One step after another of an LSTM, as the body of a Loop: no cell that is written out, and so not followed."""
    rng = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("W", (1, 20, 5)), ("R", (1, 20, 5)))
    ]
    state = [1, 2, 5]
    body = helper.make_graph(
        [
            helper.make_node("LSTM", ["h", "W", "R"], ["", "after"], name="inside", hidden_size=5),
            helper.make_node("Identity", ["go"], ["goes"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("k", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("h", TensorProto.FLOAT, state),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, state),
        ],
    )
    tensors += [numpy_helper.from_array(np.array(3), "count"), numpy_helper.from_array(np.array(True), "begins")]
    loop = helper.make_node("Loop", ["count", "begins", "x"], ["last"], name="loop", body=body)
    moved = helper.make_node("Transpose", ["last"], ["y"], name="moved", perm=[1, 0, 2])
    return model_of([loop, moved], {"x": state}, {"y": [2, 1, 5]}, tensors)


def model_of(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], tensors: list[Any], **more: Any) -> Any:
    taken, given = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values.items()]
        for values in (inputs, outputs)
    )
    graph = helper.make_graph(nodes, "g", taken, given, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, **more)


def checked(proto: Any, folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, Any]:
    """The status, what was printed, and the JSON."""
    path, where = folder / "odd.onnx", folder / "found.json"
    onnx.save(proto, path)
    status = main(["model", str(path), "--json", str(where), *options])
    said = capsys.readouterr()
    return status, said.out + said.err, json.loads(where.read_text()) if where.exists() else None


@pytest.mark.parametrize("layers", [(0,), (1,), (0, 1)])
def test_a_file_with_a_recurrent_layer_that_was_not_compared_does_not_agree(
    layers: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said, found = checked(at_run_time(*layers), tmp_path, capsys)
    assert (status, found["agrees"]) == (1, False), said
    for k in layers:
        assert f"layer{k}: not compared: its W is computed at run time" in said


def test_what_the_framework_computed_is_not_compared_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said, found = checked(in_a_loop(), tmp_path, capsys)
    assert (status, found["agrees"]) == (1, False), said
    assert "whole model: not compared: it is what the framework itself returned for loop" in said


def test_a_difference_is_put_down_to_the_files_only_where_all_was_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = in_a_loop()
    other.graph.initializer[2].CopyFrom(numpy_helper.from_array(np.array(4), "count"))
    onnx.save(other, tmp_path / "other.onnx")
    status, said, _ = checked(in_a_loop(), tmp_path, capsys, "--against", str(tmp_path / "other.onnx"))
    assert status == 1
    assert "the difference is in the files" not in said
    assert "both files have no recurrent layer that could be read" in said


def test_a_function_of_the_model_s_own_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("W", (1, 20, 3)), ("R", (1, 20, 5)))
    ]
    inside = helper.make_node("LSTM", ["x", "w", "r"], ["y"], name="inside", hidden_size=5)
    function = helper.make_function("own", "Layer", ["x", "w", "r"], ["y"], [inside], [helper.make_opsetid("", 17)], [])
    node = helper.make_node("Layer", ["x", "W", "R"], ["y"], domain="own", name="called")
    proto = model_of([node], {"x": [4, 2, 3]}, {"y": [4, 1, 2, 5]}, tensors, functions=[function])
    proto.opset_import.append(helper.make_opsetid("own", 1))
    status, said, found = checked(proto, tmp_path, capsys)
    assert (status, found["agrees"]) == (0, True), said


@pytest.mark.parametrize("name", ["a[/b]c[red]", "enc[fwd]", "[bold]"])
def test_brackets_in_a_name_are_shown_as_they_are(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proto = planted_files.two_layers("GRU")
    proto.graph.node[0].name = name
    status, said, _ = checked(proto, tmp_path, capsys)
    assert status == 0, said
    assert said.count(name) >= 2, said


def growing(operator: str) -> Any:
    """A file of half a megabyte that asks for gigabytes: a constant that is made ever larger."""
    constants = {
        "row": np.ones((1, 40), np.float32),
        "column": np.ones((40_000, 1), np.float32),
        "wide": np.ones((1, 40_000), np.float32),
        "pads": np.array([0, 0, 40_000, 40_000]),
        "indices": np.zeros(20_000, np.int64),
    }
    nodes, value = [], "row"
    if operator == "Concat":
        for k in range(30):
            nodes.append(helper.make_node("Concat", [value, value], [f"v{k}"], axis=0))
            value = f"v{k}"
    elif operator == "Gather":
        for k in range(2):
            nodes.append(helper.make_node("Gather", [value, "indices"], [f"v{k}"], axis=k))
            value = f"v{k}"
    else:
        given = ["row", "pads"] if operator == "Pad" else ["column", "wide"]
        nodes, value = [helper.make_node(operator, given, ["v"])], "v"
    nodes.append(helper.make_node("ReduceMean", [value], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Add", ["x", "mean"], ["y"]))
    tensors = [numpy_helper.from_array(each, name) for name, each in constants.items()]
    return model_of(nodes, {"x": [4, 2, 3]}, {"y": [4, 2, 3]}, tensors)


@pytest.mark.parametrize("operator", ["Pad", "Concat", "Gather", "MatMul", "Add"])
def test_a_small_file_does_not_make_its_reader_compute_large_constants(
    operator: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said, _ = checked(growing(operator), tmp_path, capsys)
    assert status == 2, said
    assert "bytes, more than are read of one file" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("shape", ["x=1000000000000,1,5", "x=99999999999999999999,1,5"])
def test_inputs_are_not_drawn_beyond_memory(shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said, _ = checked(planted_files.two_layers("GRU"), tmp_path, capsys, "--shape", shape)
    assert status == 2
    assert "the input x asks for" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.array([1.7, 2.0]), "lengths is asked for in int32, which has not all of its float64 numbers"),
        (np.array([np.nan, 2.0]), "lengths is asked for in int32, which has not all of its float64 numbers"),
        (np.array([2**40, 2]), "lengths is asked for in int32, which has not all of its int64 numbers"),
    ],
)
def test_inputs_that_would_be_other_numbers_are_refused(
    values: Any, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "in.npz", x=np.ones((3, 2, 5), np.float32), lengths=values)
    proto = planted_files.two_layers("GRU", lengths=True)
    status, said, _ = checked(proto, tmp_path, capsys, "--input", str(tmp_path / "in.npz"))
    assert (status, said.strip()) == (2, f"in.npz: {told}")


def test_floats_that_become_infinite_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "in.npy", np.full((3, 2, 5), 1e300))
    status, said, _ = checked(planted_files.two_layers("GRU"), tmp_path, capsys, "--input", str(tmp_path / "in.npy"))
    assert (status, said.strip()) == (2, "in.npy: x is asked for in float32, which has not all of its float64 numbers")


def test_a_file_of_inputs_without_an_array_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "in.npz")
    status, said, _ = checked(planted_files.two_layers("GRU"), tmp_path, capsys, "--input", str(tmp_path / "in.npz"))
    assert (status, said.strip()) == (2, "in.npz: it holds no array")


def test_a_runtime_of_other_files_is_told_as_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said, _ = checked(planted_files.two_layers("GRU"), tmp_path, capsys, "--in", "torch")
    assert status == 1
    assert "torch: not run: it does not run such files; what does: onnxruntime, onnx-reference, openvino" in said


def test_a_seed_below_zero_is_refused_before_anything_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["model", "none.onnx", "--seed", "-1"])
    assert ended.value.code == 2
    assert "--seed: a whole number from 0 on is needed" in capsys.readouterr().err


def test_cells_of_two_kinds_that_keras_stacks_are_read_in_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    cells = [keras.layers.LSTMCell(4), keras.layers.GRUCell(2), keras.layers.LSTMCell(3)]
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.RNN(keras.layers.StackedRNNCells(cells))])
    model.save(tmp_path / "stacked.keras")
    assert main(["model", str(tmp_path / "stacked.keras")]) == 0, capsys.readouterr().out
