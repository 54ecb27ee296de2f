"""ONNX: the graph of a ``.onnx`` file. The ``onnx`` package parses it; it is not run, and external data not followed.

Whatever follows from constants is computed at once, so that the weights that an exporter wrote in pieces stand together
at their node. A node RNN, LSTM or GRU is a recurrent layer, and so is a Loop or Scan whose steps are those of a cell
(`loops`); what is inside an If is followed where the inputs choose (`onnx_choices`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import inliner, numpy_helper

from refimpl import InvalidArgument
from refimpl.layouts import onnx as layout
from refimpl.layouts import onnx_node

from ....contract import Array
from ..limits import Budget, size_of, within
from ..model import CannotRead, Input, Model, Node, Recurrent
from . import onnx_quantised, unrolled
from .folding import folded
from .loops import onnx_loop, wiring

OPERATORS = ("RNN", "LSTM", "GRU")
_INPUTS = ("x", "W", "R", "B", "lengths", "initial_h", "initial_c", "P")
_SUBGRAPHS = ("If", "Loop", "Scan")
_LOOPS = ("Loop", "Scan")


def read(path: Path) -> Model:
    """The model; `CannotRead` where the file is broken."""
    size_of(path)
    try:
        proto = onnx.load_model(str(path), load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise CannotRead(f"{path.name}: no ONNX file that can be read: {str(error).splitlines()[0]}") from None
    return model_of(proto, path)


def model_of(proto: Any, path: Path) -> Model:
    """The model that a ``ModelProto`` holds."""
    graph = proto.graph
    if not graph.node:
        raise CannotRead(f"{path.name}: an ONNX file without nodes")
    if proto.functions:
        proto = inliner.inline_local_functions(proto)
        graph = proto.graph
    budget = Budget(path.name, within(path))
    constants = {tensor.name: _array(tensor, budget) for tensor in graph.initializer}
    inputs = tuple(_input(value) for value in graph.input if value.name not in constants)
    notes: list[str] = []
    nodes = _nodes(graph, constants, budget)
    known = {value.name for value in inputs} | set(constants)
    for each in nodes:
        for name in each.inputs:
            if name and name not in known:
                raise CannotRead(f"{path.name}: {each.name} needs {name!r}, which nothing computes before it")
        known |= set(each.outputs)
    if not any(each.attributes.get("is_recurrent") for each in nodes):
        notes.append(unrolled.note(nodes, constants))
    needed = {name for node in nodes for name in node.inputs} | {value.name for value in graph.output}
    producer = " ".join(filter(None, [proto.producer_name, proto.producer_version])) or "an unnamed tool"
    opset = next((each.version for each in proto.opset_import if each.domain in ("", "ai.onnx")), 0)
    return Model(
        str(path),
        "onnx",
        f"{producer}, opset {opset}",
        inputs,
        tuple(nodes),
        tuple(value.name for value in graph.output),
        {name: value for name, value in constants.items() if name in needed},
        tuple(notes),
        runtimes=("onnxruntime", "onnx-reference", "openvino"),
    )


def _nodes(graph: Any, constants: dict[str, Array], budget: Budget) -> list[Node]:
    """A graph's nodes but those that follow from constants, which are added to these; loops by what they compute."""
    nodes: list[Node] = []
    outer: dict[str, Node] = {}
    for k, proto in enumerate(graph.node):
        node = _node(proto, k, constants, budget)
        if proto.op_type in _LOOPS and node.attributes.get("is_recurrent"):
            node = _followed(proto, node, constants, outer, budget)
        outer |= dict.fromkeys(node.outputs, node)
        if not folded(node, constants, "onnx", budget):
            nodes.append(node)
    return nodes


def _followed(proto: Any, node: Node, constants: dict[str, Array], outer: Mapping[str, Node], budget: Budget) -> Node:
    """The recurrent layer that a loop is, where its body has no recurrent operator of its own."""
    if _inside(proto):
        return node

    def read(body: Any, inside: dict[str, Array]) -> list[Node]:
        inside |= {tensor.name: _array(tensor, budget) for tensor in body.initializer}
        return _nodes(body, inside, budget)

    body = next(each.g for each in proto.attribute if each.name == "body")
    loop = onnx_loop.loop_of(proto, node, body, constants, outer, read)
    if isinstance(loop, str):
        return wiring.unknown(node.name, node.operator, node.inputs, node.outputs, loop)
    return wiring.node_of(loop, node.operator, node.outputs, constants, outer)


def _node(node: Any, k: int, constants: Mapping[str, Array], budget: Budget) -> Node:
    name = node.name or f"{node.op_type}_{k}"
    attributes = {each.name: _attribute(each, budget) for each in node.attribute}
    inputs, outputs = tuple(node.input), tuple(node.output)
    if node.op_type in OPERATORS and node.domain in ("", "ai.onnx"):
        return _recurrent(Node(name, node.op_type, inputs, outputs, (), attributes), constants)
    unknown = ""
    if node.op_type in _SUBGRAPHS:
        inside = _inside(node)
        unknown = f"{node.op_type}: what is inside is not followed"
        if inside:
            unknown = f"{node.op_type} with {', '.join(inside)} inside, which is not followed"
            attributes["is_recurrent"] = True
        elif node.op_type != "If" and _looks_recurrent(node):
            unknown = (
                f"{node.op_type} with products and activations inside: a recurrence, it seems, which is not followed"
            )
            attributes["is_recurrent"] = True
        attributes = {name: value for name, value in attributes.items() if value is not None}
    elif node.op_type == onnx_quantised.OPERATOR:
        lstm, weights = onnx_quantised.as_lstm(Node(name, node.op_type, inputs, outputs, (), attributes), constants)
        found = _recurrent(lstm, weights)
        return replace(found, operator=node.op_type, attributes={**found.attributes, "quantised": True})
    elif node.domain not in ("", "ai.onnx"):
        unknown = f"{node.domain}.{node.op_type} is not ONNX's own"
        if any(operator in node.op_type for operator in OPERATORS):
            attributes["is_recurrent"] = True
    return Node(name, node.op_type, inputs, outputs, (), attributes, unknown=unknown)


def _recurrent(node: Node, constants: Mapping[str, Array]) -> Node:
    named = dict(zip(_INPUTS, node.inputs, strict=False))
    weights = {name: constants.get(named.get(name, "")) for name in ("W", "R", "B", "P") if named.get(name)}
    roles = tuple("" if role in ("W", "R", "B", "P") else role for role in _INPUTS[: len(node.inputs)])
    node = replace(node, roles=roles, attributes={**node.attributes, "is_recurrent": True})
    absent = [name for name, value in weights.items() if value is None]
    if absent:
        return replace(node, unknown=f"its {absent[0]} is computed at run time")
    ready = {name: value for name, value in weights.items() if value is not None}
    try:
        cell, reverse = onnx_node.cell_of(node.operator, _of_the_node(node), ready)
        params = layout.load(cell, ready)
    except (InvalidArgument, IndexError, KeyError) as error:
        return replace(node, unknown=str(error))
    options = {"layout": int(node.attributes.get("layout", 0))}
    return replace(node, recurrent=Recurrent(cell, params, "onnx", reverse, "zeros", True, options))


def _of_the_node(node: Node) -> dict[str, Any]:
    """The attributes that the file has, without the reader's own mark."""
    return {name: value for name, value in node.attributes.items() if name != "is_recurrent"}


def _looks_recurrent(node: Any) -> bool:
    """Whether a loop's body multiplies and squashes, as tf2onnx writes the cells that ONNX has no operator for."""
    graphs = [each.g for each in node.attribute if each.type == onnx.AttributeProto.GRAPH]
    inside = {each.op_type for graph in graphs for each in graph.node}
    return bool(inside & {"MatMul", "Gemm"}) and bool(inside & {"Tanh", "Sigmoid", "Relu", "HardSigmoid"})


def _inside(node: Any) -> list[str]:
    """The recurrent operators in a node's subgraphs."""
    graphs = [each.g for each in node.attribute if each.type == onnx.AttributeProto.GRAPH]
    found = [each.op_type for graph in graphs for each in graph.node if each.op_type in OPERATORS]
    return found + [name for graph in graphs for each in graph.node for name in _inside(each)]


def _attribute(attribute: Any, budget: Budget) -> Any:
    if attribute.type == onnx.AttributeProto.TENSOR:
        return _array(attribute.t, budget)
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        return None
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list) or hasattr(value, "__iter__"):
        return [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in value]
    return value


def _array(tensor: Any, budget: Budget) -> Array:
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise CannotRead(f"{budget.name}: {tensor.name!r} lies in another file, which is not followed; save it in one")
    try:
        item = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        budget.take(repr(tensor.name), tensor.dims, item)
        return np.asarray(numpy_helper.to_array(tensor))
    except CannotRead:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise CannotRead(f"{budget.name}: the tensor {tensor.name!r} is broken: {error}") from None


def _input(value: Any) -> Input:
    tensor = value.type.tensor_type
    shape = tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in tensor.shape.dim
    )
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
    except (KeyError, ValueError):
        dtype = "float32"
    return Input(value.name, shape, dtype, tuple(dim.dim_param for dim in tensor.shape.dim))
