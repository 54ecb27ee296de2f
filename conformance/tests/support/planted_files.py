"""ONNX files with one thing changed: what exporters and hands get wrong, each in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from conformance.contract import Array

Change = Callable[[Any], None]
OPERATORS = ("RNN", "LSTM", "GRU")
_PLACES = {"W": 1, "R": 2, "B": 3, "lengths": 4, "h": 5, "c": 6, "P": 7}


def two_layers(operator: str, *, bidirectional: bool = False, lengths: bool = False, **attributes: Any) -> Any:
    """Two layers, 5 to 5 to 5 units (each direction), and a head; all weights distinct."""
    rng = np.random.default_rng(3)
    gates, both = {"RNN": 1, "LSTM": 4, "GRU": 3}[operator], 1 + bidirectional
    tensors, nodes = [], []
    size, value = 5, "x"
    given = {"linear_before_reset": 1} if operator == "GRU" else {}
    for k in range(2):
        shapes = {"W": (both, gates * 5, size), "R": (both, gates * 5, 5), "B": (both, 2 * gates * 5)}
        shapes |= {"P": (both, 15)} if attributes.get("peepholes") else {}
        tensors += [
            numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), f"{name}{k}")
            for name, shape in shapes.items()
        ]
        inputs = [value, f"W{k}", f"R{k}", f"B{k}", "lengths" if lengths else ""]
        inputs += ["", "", f"P{k}"] if "P" in shapes else []
        own = {name: v for name, v in attributes.items() if name != "peepholes"} | given
        own |= {"direction": "bidirectional"} if bidirectional else {}
        nodes.append(helper.make_node(operator, inputs, [f"y{k}", f"h{k}"], name=f"layer{k}", hidden_size=5, **own))
        nodes.append(helper.make_node("Transpose", [f"y{k}"], [f"t{k}"], name=f"transpose{k}", perm=[0, 2, 1, 3]))
        nodes.append(helper.make_node("Reshape", [f"t{k}", "shape"], [f"x{k}"], name=f"reshape{k}"))
        size, value = 5 * both, f"x{k}"
    tensors.append(numpy_helper.from_array(np.array([0, 0, -1]), "shape"))
    tensors.append(numpy_helper.from_array(rng.normal(size=(size, 3)).astype(np.float32), "head"))
    nodes.append(helper.make_node("MatMul", [value, "head"], ["y"], name="head"))
    asked = [helper.make_tensor_value_info("x", 1, ["time", "batch", 5])]
    asked += [helper.make_tensor_value_info("lengths", 6, ["batch"])] if lengths else []
    returned = [helper.make_tensor_value_info("y", 1, ["time", "batch", 3])]
    returned.append(helper.make_tensor_value_info("h1", 1, [both, "batch", 5]))
    graph = helper.make_graph(nodes, "g", asked, returned, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def layer(proto: Any, k: int) -> Any:
    """The k-th recurrent node."""
    return [node for node in proto.graph.node if node.op_type in OPERATORS][k]


def array(proto: Any, k: int, name: str) -> Array:
    """One of its weights."""
    (tensor,) = (t for t in proto.graph.initializer if t.name == layer(proto, k).input[_PLACES[name]])
    return np.array(numpy_helper.to_array(tensor))


def put(proto: Any, k: int, name: str, value: Array) -> None:
    """Sets one of its weights."""
    (tensor,) = (t for t in proto.graph.initializer if t.name == layer(proto, k).input[_PLACES[name]])
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), tensor.name))


def set_attribute(proto: Any, k: int, name: str, value: Any) -> None:
    """Sets one of its attributes."""
    node = layer(proto, k)
    kept = [each for each in node.attribute if each.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def permuted(order: Sequence[int], k: int = 0) -> Change:
    """The gate blocks in another order, in every tensor."""

    def change(proto: Any) -> None:
        gates = len(order)
        for name in ("W", "R", "B"):
            value = array(proto, k, name)
            halves = 2 if name == "B" else 1
            blocks = value.reshape(value.shape[0], halves, gates, 5, *value.shape[2:])
            put(proto, k, name, blocks[:, :, list(order)].reshape(value.shape))

    return change


def scaled(name: str, rows: slice, factor: float = 1.0, plus: float = 0.0, k: int = 0) -> Change:
    """Some rows of a tensor multiplied, and something added."""

    def change(proto: Any) -> None:
        value = array(proto, k, name)
        value[:, rows] = factor * value[:, rows] + np.float32(plus)
        put(proto, k, name, value)

    return change


def noisy(name: str, by: float, rows: slice = slice(None), k: int = 0) -> Change:
    """Some rows of a tensor moved at random."""

    def change(proto: Any) -> None:
        value = array(proto, k, name)
        moved = value[:, rows]
        value[:, rows] = moved + by * np.random.default_rng(9).standard_normal(moved.shape)
        put(proto, k, name, value)

    return change


def transposed(*names: str, k: int = 1) -> Change:
    """The square kernels, gate by gate."""

    def change(proto: Any) -> None:
        for name in names:
            value = array(proto, k, name)
            blocks = value.reshape(value.shape[0], -1, 5, 5).swapaxes(2, 3)
            put(proto, k, name, blocks.reshape(value.shape))

    return change


def attribute(name: str, value: Any, k: int = 0) -> Change:
    """One attribute set."""
    return lambda proto: set_attribute(proto, k, name, value)


def without_attribute(name: str, k: int = 0) -> Change:
    """One attribute left out."""

    def change(proto: Any) -> None:
        node = layer(proto, k)
        kept = [each for each in node.attribute if each.name != name]
        del node.attribute[:]
        node.attribute.extend(kept)

    return change


def together(*changes: Change) -> Change:
    """Several at once."""

    def change(proto: Any) -> None:
        for each in changes:
            each(proto)

    return change


def before(k: int, operator: str, constants: Sequence[Any], **attributes: Any) -> Change:
    """An operator put between a recurrent node and what reaches it."""

    def change(proto: Any) -> None:
        node = layer(proto, k)
        names = []
        for at, value in enumerate(constants):
            names.append(f"planted{at}")
            proto.graph.initializer.append(numpy_helper.from_array(value, names[-1]))
        new = helper.make_node(operator, [node.input[0], *names], ["planted"], name="planted", **attributes)
        node.input[0] = "planted"
        place = list(proto.graph.node).index(node)
        nodes = [*proto.graph.node[:place], new, *proto.graph.node[place:]]
        del proto.graph.node[:]
        proto.graph.node.extend(nodes)

    return change


def input_of(k: int, name: str, value: str) -> Change:
    """Another value, or none, in one of a node's inputs."""

    def change(proto: Any) -> None:
        layer(proto, k).input[_PLACES[name]] = value

    return change


def begun(state: Array, k: int = 0) -> Change:
    """An initial state that stands in the file, as that of a stateful layer does."""

    def change(proto: Any) -> None:
        proto.graph.initializer.append(numpy_helper.from_array(state, f"begun{k}"))
        node = layer(proto, k)
        node.input.extend([""] * (_PLACES["h"] + 1 - len(node.input)))
        node.input[_PLACES["h"]] = f"begun{k}"

    return change


def exchanged(name: str, one: tuple[int, int], other: tuple[int, int]) -> Change:
    """A tensor's rows of two directions or layers, each (layer, direction), exchanged."""

    def change(proto: Any) -> None:
        a, b = array(proto, one[0], name), array(proto, other[0], name)
        if one[0] == other[0]:
            put(proto, one[0], name, a[::-1])
            return
        a[one[1]], b[other[1]] = b[other[1]].copy(), a[one[1]].copy()
        put(proto, one[0], name, a)
        put(proto, other[0], name, b)

    return change


def everywhere(change: Callable[[Array], Array], k: int = 0, names: Sequence[str] = ("W", "R", "B")) -> Change:
    """Every tensor of a node changed."""

    def planted(proto: Any) -> None:
        for name in names:
            put(proto, k, name, change(array(proto, k, name)))

    return planted


def write(proto: Any, path: Any) -> Any:
    """As a file."""
    onnx.save(proto, str(path))
    return path
