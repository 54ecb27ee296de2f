"""TensorFlow Lite's files: what its operators compute, and what is said where they cannot be read.

Files by the converter itself are made and checked by ``tox run -e model-files``, which has TensorFlow and LiteRT.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.models.files.computing.interpreting import Unknown, computed
from conformance.models.files.model import CannotRead, Node
from conformance.models.files.readers.loops import tflite_loop
from conformance.models.files.readers.loops.wiring import node_of
from conformance.models.files.readers.reading import read
from conformance.models.files.readers.tflite_variables import Variables

X = np.arange(24.0).reshape(2, 3, 4)


def one(operator: str, *inputs: Any, **attributes: Any) -> Any:
    names = tuple(f"i{k}" for k in range(len(inputs)))
    return computed(
        Node("it", operator, names, ("o",), (), attributes), "tflite", [np.asarray(each) for each in inputs]
    )


def test_a_strided_slice_cuts_as_its_masks_say() -> None:
    (found,) = one("StridedSlice", X, [1, 0, 3], [0, 2, 0], [1, 1, -1], shrink=1, begin=2, end=4)
    assert np.array_equal(found, X[1, :2, 3::-1])
    with pytest.raises(Unknown, match="an ellipsis or a new axis is not modelled"):
        one("StridedSlice", X, [0], [1], [1], ellipsis=1)


def test_a_dense_operator_has_its_matrix_by_rows_and_flattens_unless_it_keeps_the_axes() -> None:
    matrix, bias = np.arange(8.0).reshape(2, 4), np.array([1.0, -1.0])
    (flat,) = one("FullyConnected", X, matrix, bias)
    (kept,) = one("FullyConnected", X, matrix, bias, keep=True)
    assert np.array_equal(flat, X.reshape(6, 4) @ matrix.T + bias)
    assert np.array_equal(kept, X @ matrix.T + bias)


def test_what_only_moves_numbers_moves_them() -> None:
    assert np.array_equal(one("Slice", X, [0, 1, 2], [-1, 2, 1])[0], X[:, 1:3, 2:3])
    assert np.array_equal(one("ReverseV2", X, [1])[0], X[:, ::-1])
    assert np.array_equal(one("Pack", X[0], X[1], axis=1)[0], np.stack([X[0], X[1]], axis=1))
    assert np.array_equal(one("Split", 2, X, count=2)[1], X[..., 2:])
    assert [part.shape[2] for part in one("SplitV", X, [1, 3], 2)] == [1, 3]
    assert np.array_equal(one("Min", X, 3.0)[0], np.minimum(X, 3)), "of shapes that differ"
    with pytest.raises(Unknown, match="an array of that size"):
        one("Fill", [2**20, 2**20], 0.0)


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + b"\xff" * 64)
    installed = find_spec("ai_edge_litert") is not None
    words = "it is damaged" if installed else r"ai_edge_litert, which reads it, is not installed \(pip install 'rnn-"
    with pytest.raises(CannotRead, match=words) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def body(item: str, place: str) -> list[Node]:
    """A step as the converter writes it: what is kept goes into a list, or into an array whose row is exchanged."""

    def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> Node:
        return Node(outputs, operator, tuple(inputs.split()), tuple(outputs.split()), (), attributes)

    steps = [
        node("Add", "k one", "K"),
        node("Gather", "seq k", "x", axis=0),
        node("FullyConnected", "x W b", "xw"),
        node("FullyConnected", "h U", "hu"),
        node("Add", "xw hu", "s"),
        node("Tanh", "s", "H"),
    ]
    if place == "list":
        return [*steps, node("FlexTensorListSetItem", f"kept {item} H", "Kept")]
    return [
        *steps,
        node("Slice", "kept front k", "before"),
        node("Reshape", "H shape", "row"),
        node("Slice", "kept K rest", "after"),
        node("Concat", "before row after", "Kept"),
    ]


@pytest.mark.parametrize(
    ("item", "place", "last"), [("k", "list", False), ("zero", "list", True), ("k", "array", False)]
)
def test_a_loop_keeps_its_steps_in_a_list_or_in_an_array(item: str, place: str, last: bool) -> None:
    rng = np.random.default_rng(0)
    inside = {"W": rng.normal(size=(4, 3)), "U": rng.normal(size=(4, 4)), "b": rng.normal(size=4)}
    inside |= {
        "one": np.array(1),
        "zero": np.array(0),
        "front": np.array([0]),
        "rest": np.array([-1]),
        "shape": np.array([1]),
    }
    inside = {name: value.astype(np.float32) if value.dtype.kind == "f" else value for name, value in inside.items()}
    values = [
        ("k", "K", "start", ""),
        ("kept", "Kept", "empty", "steps"),
        ("h", "H", "h0", "hT"),
        ("seq", "seq", "xs", ""),
    ]
    sizes = {"k": [], "kept": [], "h": [1, 4], "seq": [7, 1, 3]}
    constants = {"start": np.array(0)}
    loop = tflite_loop.loop_of("while", body(item, place), values, dict(inside), constants, {}, sizes)
    assert not isinstance(loop, str), loop
    assert loop.last == last
    assert loop.rows == 1
    node = node_of(loop, "WHILE", ["", "steps", "hT"], constants, {})
    assert node.recurrent is not None, node.unknown
    assert node.outputs[:2] == ("steps", "hT")
    assert node.recurrent.return_sequences is not last
    assert np.array_equal(node.recurrent.params["kernel"], inside["W"].T)
    assert np.array_equal(node.recurrent.params["recurrent_kernel"], inside["U"].T)


def variables(*calls: tuple[str, str, str]) -> tuple[Variables, SimpleNamespace, list[list[Node]]]:
    """Operators of variables, each ``(name, inputs, outputs)``; the graph that is called once gives ``start`` to s."""

    def options_of(operator: Any) -> Any:
        return SimpleNamespace(Container=lambda: b"", SharedName=lambda: b"state", InitSubgraphIndex=lambda: 1)

    def operator(inputs: list[str], outputs: list[str]) -> Any:
        return SimpleNamespace(InputsAsNumpy=lambda: inputs, OutputsAsNumpy=lambda: outputs)

    steps = [operator([], ["v"]), operator(["v", "start"], [])]
    names = dict(zip(map(id, steps), ("VAR_HANDLE", "ASSIGN_VARIABLE"), strict=True))
    own = SimpleNamespace(OperatorsLength=lambda: 2, Operators=lambda k: steps[k])
    once = SimpleNamespace(own=own, code=lambda each: names[id(each)], listed=list, options=options_of)
    once.constants = {"start": np.ones((1, 4), np.float32)}
    graph = SimpleNamespace(constants={}, options=options_of, beside=lambda k: once)
    found = Variables()
    return found, graph, [found.nodes(graph, None, name, (i.split(), o.split())) or [] for name, i, o in calls]


def test_a_variable_holds_what_it_was_given_last_and_before_that_what_the_file_begins_with() -> None:
    found, graph, nodes = variables(
        ("CALL_ONCE", "", ""),
        ("VAR_HANDLE", "", "s"),
        ("READ_VARIABLE", "s", "h0"),
        ("ASSIGN_VARIABLE", "s hT", ""),
        ("READ_VARIABLE", "s", "h1"),
    )
    first, second = nodes[2][0], nodes[4][0]
    assert (first.operator, first.inputs, first.outputs) == ("Identity", ("start",), ("h0",))
    assert np.array_equal(graph.constants["start"], np.ones((1, 4)))
    assert (second.inputs, second.outputs) == (("hT",), ("h1",))
    assert [len(each) for each in nodes] == [0, 0, 1, 0, 1]
    assert found.kept


def test_a_variable_of_which_nothing_is_known_is_not_read() -> None:
    found, graph, _ = variables(("VAR_HANDLE", "", "s"))
    assert found.nodes(graph, None, "READ_VARIABLE", (["s"], ["h0"])) is None
    assert not found.kept


def test_a_file_of_tensorflow_lite_needs_nothing_of_onnx(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"\x20\0\0\0TFL3" + bytes(64))
    program = f"""
import sys
sys.modules |= {{"onnx": None, "ai_edge_litert": None}}
from pathlib import Path
from conformance.models.files.model import CannotRead
from conformance.models.files.readers.reading import read
try:
    read(Path({str(path)!r}))
except CannotRead as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "ai_edge_litert, which reads it, is not installed (pip install 'rnn-conformance[litert]')" in said
