"""TensorFlow Lite: the graph of a ``.tflite`` file, by the schema's own reader in ``ai-edge-litert``; it is not run.

A value is named ``tensor#index``. A fused LSTM is a recurrent layer, and so is a WHILE whose steps are those of a cell
(`loops`). Weights of 8 bits are taken as the numbers that they stand for, and what computes with them is measured, not
judged: its input is rounded to 8 bits at run time.

Source: ``mlir/lite/schema/schema.fbs``, TensorFlow 2.21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ....contract import Array
from ..limits import Budget, size_of, within
from ..model import CannotRead, Input, Model, Node
from . import tflite_operators as operators
from . import unrolled
from .folding import folded
from .loops import tflite_loop, wiring
from .tflite_lstm import fused
from .tflite_variables import NOTE, Variables

_MAGIC = b"TFL3"


class Graph:
    """One subgraph: its tensors, and what is constant among them."""

    def __init__(self, schema: Any, model: Any, k: int, budget: Budget) -> None:
        self.schema, self.model, self.budget = schema, model, budget
        self.own = model.Subgraphs(k)
        self.prefix = f"{k}/" if k else ""
        self.constants: dict[str, Array] = {}
        self.variables = Variables()
        self.quantised: set[str] = set()
        budget.take("the list of tensors", [self.own.TensorsLength()], 64)
        self.names = [self._named(index) for index in range(self.own.TensorsLength())]
        for index in range(self.own.TensorsLength()):
            self._take(index)

    def _named(self, index: int) -> str:
        name = (self.own.Tensors(index).Name() or b"").decode("utf-8", "replace").partition(";")[0]
        return f"{self.prefix}{name.replace('#', '_')}#{index}"

    def _take(self, index: int) -> None:
        tensor = self.own.Tensors(index)
        buffer = self.model.Buffers(tensor.Buffer())
        if not buffer.DataLength():
            return
        kind = operators.TYPES.get(tensor.Type())
        if kind is None:
            return
        shape = self.shape(index)
        self.budget.take(repr(self.names[index]), shape, np.dtype(kind).itemsize)
        array = np.frombuffer(buffer.DataAsNumpy().tobytes(), kind).reshape(shape)
        scale = tensor.Quantization()
        if scale is not None and scale.ScaleLength():
            array = _widened(array, scale)
            self.quantised.add(self.names[index])
        self.constants[self.names[index]] = array

    def shape(self, index: int) -> list[int]:
        """The shape that a tensor has in the file."""
        tensor = self.own.Tensors(index)
        return [int(size) for size in tensor.ShapeAsNumpy()] if tensor.ShapeLength() else []

    def beside(self, k: int) -> Graph:
        """Another graph of the file; `CannotRead` where there is none."""
        if not 0 <= k < self.model.SubgraphsLength():
            raise CannotRead(f"{self.budget.name}: an operator names graph {k} of {self.model.SubgraphsLength()}")
        return Graph(self.schema, self.model, k, self.budget)

    def listed(self, indices: Any) -> list[str]:
        """Names for indices; "" for what is left out."""
        self.budget.take("an operator", [len(indices)], 8)
        return [self.names[int(index)] if index >= 0 else "" for index in indices]

    def code(self, operator: Any) -> str:
        """An operator's name in the schema; of a custom one its own."""
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        names = {value: name for name, value in vars(self.schema.BuiltinOperator).items() if not name.startswith("_")}
        custom = code.CustomCode()
        return custom.decode("utf-8", "replace") if custom else str(names.get(number, f"operator {number}"))

    def options(self, operator: Any) -> Any:
        """An operator's options as the table of the schema that they are."""
        table = operator.BuiltinOptions()
        names = {value: name for name, value in vars(self.schema.BuiltinOptions).items() if not name.startswith("_")}
        kind = getattr(self.schema, names.get(operator.BuiltinOptionsType(), ""), None)
        if table is None or kind is None:
            return None
        found = kind()
        found.Init(table.Bytes, table.Pos)
        return found


def read(path: Path) -> Model:
    """The model; `CannotRead` where the file is broken."""
    size_of(path)
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    if content[4:8] != _MAGIC:
        raise CannotRead(f"{path.name}: no TensorFlow Lite file: it does not begin as one")
    model = schema.Model.GetRootAsModel(content, 0)
    if not model.SubgraphsLength():
        raise CannotRead(f"{path.name}: a TensorFlow Lite file without a graph")
    budget = Budget(path.name, within(path))
    graph = Graph(schema, model, 0, budget)
    nodes = nodes_of(graph)
    inputs = tuple(_input(graph, int(index)) for index in graph.own.InputsAsNumpy())
    outputs = tuple(graph.listed(graph.own.OutputsAsNumpy()))
    notes = [NOTE] if graph.variables.kept else []
    if not any(node.attributes.get("is_recurrent") for node in nodes):
        notes.append(unrolled.note(nodes, graph.constants))
    if graph.own.InputsLength() == 0 or not nodes:
        raise CannotRead(f"{path.name}: a graph without inputs or operators")
    known = {each.name for each in inputs} | set(graph.constants) | {name for node in nodes for name in node.outputs}
    for node in nodes:
        for name in node.inputs:
            if name and name not in known and not node.unknown:
                raise CannotRead(f"{path.name}: {node.name} needs {name!r}, which nothing computes")
    description = (model.Description() or b"").decode("utf-8", "replace")
    return Model(
        str(path),
        "tflite",
        f"TensorFlow Lite, schema {model.Version()}, {description}".rstrip(", "),
        inputs,
        tuple(nodes),
        outputs,
        {name: value for name, value in graph.constants.items() if any(name in node.inputs for node in nodes)},
        tuple(notes),
        runtimes=("litert",),
    )


def nodes_of(graph: Graph) -> list[Node]:
    """The operators but those that follow from constants, which are added to these; loops by what they compute."""
    found: list[Node] = []
    outer: dict[str, Node] = {}
    stacked = _stacked(graph)
    for k in range(graph.own.OperatorsLength()):
        operator = graph.own.Operators(k)
        name = graph.code(operator)
        inputs = graph.listed(operator.InputsAsNumpy()) if operator.InputsLength() else []
        outputs = graph.listed(operator.OutputsAsNumpy()) if operator.OutputsLength() else []
        if name in ("FlexTensorListReserve", "FlexTensorListStack"):
            continue
        if name == "WHILE":
            nodes = [_loop(graph, operator, inputs, outputs, stacked, outer)]
        else:
            nodes = _operator(graph, operator, name, inputs, outputs, outer)
        for node in nodes:
            outer |= dict.fromkeys(node.outputs, node)
            if not folded(node, graph.constants, "tflite", graph.budget):
                found.append(node)
    return found


def _stacked(graph: Graph) -> dict[str, str]:
    """What TensorFlow's lists are stacked to: a list is no value of its own."""
    found = {}
    for k in range(graph.own.OperatorsLength()):
        operator = graph.own.Operators(k)
        if graph.code(operator) == "FlexTensorListStack":
            inputs, outputs = graph.listed(operator.InputsAsNumpy()), graph.listed(operator.OutputsAsNumpy())
            found[inputs[0]] = outputs[0]
    return found


def _operator(
    graph: Graph, operator: Any, name: str, inputs: list[str], outputs: list[str], outer: Mapping[str, Node]
) -> list[Node]:
    place = (outputs[0] if outputs else name).partition("#")[0]
    if name in operators.RECURRENT:
        node = Node(place, name, tuple(inputs), tuple(outputs), (), {"is_recurrent": True})
        return [fused(node, graph.constants, graph.quantised, graph.options(operator), outer)]
    held = graph.variables.nodes(graph, operator, name, (inputs, outputs))
    if held is not None:
        return held
    if name not in operators.NAMES:
        return [Node(place, name, tuple(inputs), tuple(outputs), unknown=f"{name} is not modelled")]
    options = graph.options(operator)
    attributes = operators.attributes_of(name, options)
    unknown = f"{name} with {', '.join(attributes)}" if "batch_dims" in attributes else ""
    if set(inputs) & graph.quantised and name != "DEQUANTIZE":
        unknown = f"{name} computes in 8 bits, which is not modelled"
    fused_with = operators.FUSED.get(getattr(options, "FusedActivationFunction", lambda: 0)())
    if fused_with is None:
        unknown = f"{name} with an activation that is not known"
    inner = [f"{outputs[0]}:before"] if fused_with else outputs
    node = Node(place, operators.NAMES[name], tuple(inputs), tuple(inner), (), attributes, unknown=unknown)
    if not fused_with:
        return [node]
    if unknown:
        return [replace(node, outputs=tuple(outputs))]
    return [node, Node(f"{place}, {fused_with}", fused_with, (inner[0],), tuple(outputs))]


def _loop(
    graph: Graph,
    operator: Any,
    inputs: list[str],
    outputs: list[str],
    stacked: Mapping[str, str],
    outer: Mapping[str, Node],
) -> Node:
    options = graph.options(operator)
    place = (outputs[0] if outputs else "WHILE").partition("#")[0]
    body = graph.beside(options.BodySubgraphIndex())
    given, made = body.listed(body.own.InputsAsNumpy()), body.listed(body.own.OutputsAsNumpy())
    ends = [stacked.get(name, name) for name in outputs]
    sizes = {name: body.shape(int(index)) for name, index in zip(given, body.own.InputsAsNumpy(), strict=True)}
    for inner, its, source in zip(given, made, inputs, strict=True):
        if inner == its and source in graph.constants:
            body.constants[inner] = graph.constants[source]
            body.quantised |= {inner} if source in graph.quantised else set()
    values = list(zip(given, made, inputs, ends, strict=True))
    loop = tflite_loop.loop_of(
        place,
        nodes_of(body),
        values,
        body.constants,
        graph.constants,
        outer,
        sizes,
    )
    if isinstance(loop, str):
        return wiring.unknown(place, "WHILE", inputs, ends, loop)
    node = wiring.node_of(loop, "WHILE", ends, graph.constants, outer)
    return replace(node, attributes={**node.attributes, "quantised": True}) if body.quantised else node


def _input(graph: Graph, index: int) -> Input:
    tensor = graph.own.Tensors(index)
    shape = [int(size) for size in tensor.ShapeSignatureAsNumpy()] if tensor.ShapeSignatureLength() else []
    kind = operators.TYPES.get(tensor.Type())
    if kind is None:
        raise CannotRead(f"{graph.names[index]}: an input of a type that NumPy has not")
    sizes: Sequence[int] = shape or graph.shape(index)
    return Input(graph.names[index], tuple(size if size >= 0 else None for size in sizes), kind)


def _widened(array: Array, scale: Any) -> Array:
    """The numbers that 8 bits stand for, by one scale or one for each row of an axis."""
    scales = scale.ScaleAsNumpy().astype(np.float64)
    zeros = scale.ZeroPointAsNumpy() if scale.ZeroPointLength() else np.zeros(len(scales))
    if len(scales) > 1:
        sizes = [1] * array.ndim
        sizes[scale.QuantizedDimension()] = len(scales)
        scales, zeros = scales.reshape(sizes), np.asarray(zeros).reshape(sizes)
    return np.asarray((array.astype(np.float64) - zeros) * scales).astype(np.float32)
