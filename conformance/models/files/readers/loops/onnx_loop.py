"""ONNX: a node Loop or Scan as a `Loop`, as tf2onnx writes TensorFlow's ``while`` over the steps of a sequence.

Source: onnx/defs/controlflow, ONNX 1.23; tf2onnx 1.16 and 1.17, ``rewriter/loop_rewriter`` and ``cond_rewriter``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .....contract import Array
from ...model import Node
from .loop import Carried, Loop

Read = Callable[[Any, dict[str, Array]], list[Node]]
"""Reads a graph's nodes; what follows from constants is added to these."""


def loop_of(
    proto: Any, node: Node, body: Any, constants: Mapping[str, Array], outer: Mapping[str, Node], read: Read
) -> Loop | str:
    """The loop, or why it is none over a sequence. ``outer`` has the node that made each value outside."""
    inside = dict(constants)
    names = [value.name for value in body.input]
    scan = proto.op_type == "Scan"
    skip = 0 if scan else 2
    count = len(names) - skip - (int(node.attributes["num_scan_inputs"]) if scan else 0)
    begins = list(proto.input[skip : skip + count])
    given = names[skip : skip + count]
    returned = [value.name for value in body.output][0 if scan else 1 :]
    ends = list(proto.output) + [""] * (len(returned) - len(proto.output))
    made, kept = returned[:count], dict(zip(returned[count:], ends[count:], strict=True))
    sequences: dict[str, str] = {}
    if scan:
        for name in ("scan_input_axes", "scan_output_axes", "scan_input_directions", "scan_output_directions"):
            if any(node.attributes.get(name) or ()):
                return f"Scan with {name}"
        sequences = dict(zip(names[count:], proto.input[count:], strict=True))
    passed = _passed_on(body)
    for inner, its, source in zip(given, made, begins, strict=True):
        if passed.get(its, its) == inner:
            inside |= {inner: constants[source]} if source in constants else {}
            inside |= {inner: np.zeros((1, 1))} if _is_zero(source, constants, outer) else {}
    nodes = read(body, inside)
    counters = {names[0]} if not scan else set()
    counters |= {
        inner
        for inner, its, source in zip(given, made, begins, strict=True)
        if source in constants and constants[source].size == 1 and _counts(nodes, inner, its, passed, inside)
    }
    nodes, gathered = _cut(nodes, counters, set(inside), outer)
    sequences |= gathered
    carried = tuple(
        Carried(inner, its, source, end, _is_zero(source, constants, outer))
        for inner, its, source, end in zip(given, made, begins, ends, strict=False)
        if inner not in counters and inner not in inside
    )
    inside |= {name: np.array(0) for name in counters} | _zeros_from_outside(nodes, inside, constants, outer)
    asked = _needed(nodes, [*(each.made for each in carried), *kept])
    if asked & (counters | {"" if scan else names[1]}):
        return "its step depends on which step it is"
    known = {name for each in nodes for name in each.outputs} | set(sequences) | {each.given for each in carried}
    unknown = [name for name in sorted(asked) if name not in known and name not in inside]
    if unknown:
        return f"its step needs {unknown[0]}, which is neither a weight nor a step of a sequence"
    if not sequences:
        return "no sequence is gone through in it"
    return Loop(node.name, "onnx", tuple(nodes), inside, sequences, carried, kept)


def _passed_on(body: Any) -> dict[str, str]:
    """Names that stand for others."""
    found: dict[str, str] = {}
    for each in body.node:
        if each.op_type == "Identity":
            found[each.output[0]] = found.get(each.input[0], each.input[0])
    return found


def _is_zero(name: str, constants: Mapping[str, Array], outer: Mapping[str, Node]) -> bool:
    """Whether a value outside is zero whatever its shape."""
    if name in constants:
        return not constants[name].any()
    node = outer.get(name)
    if node is None:
        return False
    if node.operator == "ConstantOfShape":
        return not np.any(node.attributes.get("value", 0.0))
    return node.operator in ("Expand", "Identity", "Tile", "Reshape") and _is_zero(node.inputs[0], constants, outer)


def _zeros_from_outside(
    nodes: Sequence[Node], inside: Mapping[str, Array], constants: Mapping[str, Array], outer: Mapping[str, Node]
) -> dict[str, Array]:
    asked = {name for node in nodes for name in node.inputs if name in outer and name not in inside}
    return {name: np.zeros((1, 1)) for name in asked if _is_zero(name, constants, outer)}


def _counts(
    nodes: Sequence[Node], inner: str, made: str, passed: Mapping[str, str], constants: Mapping[str, Array]
) -> bool:
    """Whether a carried value is one more after each step."""
    for node in nodes:
        if passed.get(made, made) in node.outputs or made in node.outputs:
            others = [name for name in node.inputs if name != inner]
            return node.operator == "Add" and len(others) == 1 and bool(np.all(constants.get(others[0], 0) == 1))
    return False


def _cut(
    nodes: Sequence[Node], counters: set[str], inside: set[str], outer: Mapping[str, Node]
) -> tuple[list[Node], dict[str, str]]:
    """The nodes without those that take one step of a sequence, and what those return: a step of which value."""
    own = {name for node in nodes for name in node.outputs} | inside
    index = set(counters)
    left, gathered = [], {}
    for node in nodes:
        if node.operator in ("Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape") and node.inputs[0] in index:
            index |= set(node.outputs)
        takes = node.operator == "Gather" and node.attributes.get("axis", 0) == 0 and node.inputs[0] not in own
        if takes and node.inputs[1] in index:
            gathered[node.outputs[0]] = node.inputs[0]
        else:
            left.append(node)
    return left, gathered


def _needed(nodes: Sequence[Node], wanted: Sequence[str]) -> set[str]:
    """Every value that goes into these, directly or not."""
    makers = {name: node for node in nodes for name in node.outputs}
    found, left = set(), list(wanted)
    while left:
        name = left.pop()
        if name and name not in found:
            found.add(name)
            left += list(makers[name].inputs) if name in makers else []
    return found
