"""ONNX: ``If`` nodes replaced by the branch that the inputs choose, so that what is inside can be seen and compared.

The graph that comes out computes the same on these inputs. Names inside a branch get the node's name before theirs.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ....common.temporary import temporary_folder
from ....contract import Array
from ..computing.interpreting import evaluate
from ..model import Model
from .onnx_file import model_of

_MOST = 64  # choices, one inside the other or one behind the other


def chosen(model: Model, inputs: Mapping[str, Array]) -> Model:
    """The model without the choices that these inputs decide; the same where there are none.

    What is to be run stands in a temporary file of its own, and ``options["original"]`` of a run is the file as it was.
    """
    if not any(node.operator == "If" for node in model.nodes):
        return model
    path = Path(model.path)
    proto = onnx.load_model(str(path), load_external_data=False)
    found, taken = model, []
    for count in range(_MOST):
        values = evaluate(found, inputs).values
        node = next((n for n in found.nodes if n.operator == "If" and n.inputs[0] in values), None)
        if node is None:
            break
        condition = bool(np.asarray(values[node.inputs[0]]).reshape(-1)[0])
        _inline(proto.graph, set(node.outputs), condition, f"{node.name}/{count}")
        taken.append(f"{node.name}: the inputs choose its {'then' if condition else 'else'} branch")
        found = model_of(proto, path)
    if not taken:
        return model
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    folder = until_the_end.enter_context(temporary_folder("conformance-chosen-"))
    onnx.save(proto, folder / path.name)
    return replace(found, path=str(folder / path.name), notes=(*found.notes, *taken), original=model.path)


def _inline(graph: Any, outputs: set[str], condition: bool, prefix: str) -> None:
    """Puts the nodes of one branch in the place of the node with these outputs."""
    place = next(k for k, each in enumerate(graph.node) if set(each.output) & outputs)
    node = graph.node[place]
    name = "then_branch" if condition else "else_branch"
    branch = next(each.g for each in node.attribute if each.name == name)
    own = {output for each in branch.node for output in each.output if output}
    own |= {tensor.name for tensor in branch.initializer}
    names = {each: f"{prefix}/{each}" for each in own}
    inner = [_renamed(each, names, prefix) for each in branch.node]
    for k, (theirs, ours) in enumerate(zip(branch.output, node.output, strict=True)):
        source = names.get(theirs.name, theirs.name)
        inner.append(onnx.helper.make_node("Identity", [source], [ours], name=f"{prefix}/output{k}"))
    for tensor in branch.initializer:
        kept = graph.initializer.add()
        kept.CopyFrom(tensor)
        kept.name = names[tensor.name]
    nodes = [*graph.node[:place], *inner, *graph.node[place + 1 :]]
    copies = [onnx.NodeProto.FromString(each.SerializeToString()) for each in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _renamed(node: Any, names: Mapping[str, str], prefix: str) -> Any:
    """A copy of a node with its values renamed, also where a subgraph of it refers to them."""
    found = onnx.NodeProto.FromString(node.SerializeToString())
    found.name = f"{prefix}/{node.name}" if node.name else ""
    for values in (found.input, found.output):
        for k, value in enumerate(values):
            values[k] = names.get(value, value)
    for attribute in found.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            _rename_inside(attribute.g, names)
    return found


def _rename_inside(graph: Any, names: Mapping[str, str]) -> None:
    hidden = {output for each in graph.node for output in each.output} | {value.name for value in graph.input}
    outer = {name: new for name, new in names.items() if name not in hidden}
    for node in graph.node:
        for k, value in enumerate(node.input):
            node.input[k] = outer.get(value, value)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename_inside(attribute.g, outer)
    for value in graph.output:
        value.name = outer.get(value.name, value.name)
