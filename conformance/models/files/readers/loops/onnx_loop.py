"""ONNX: a node Loop or Scan as a `Loop`, as tf2onnx writes TensorFlow's ``while`` over the steps of a sequence.

Source: onnx/defs/controlflow, ONNX 1.23; tf2onnx 1.16 and 1.17, ``rewriter/loop_rewriter`` and ``cond_rewriter``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .....contract import Array
from ...model import Node
from .body import counts, cut, is_zero, needed
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
            inside |= {inner: np.zeros((1, 1))} if is_zero(source, constants, outer) else {}
    nodes = read(body, inside)
    counters = {names[0]} if not scan else set()
    counters |= {
        inner
        for inner, its, source in zip(given, made, begins, strict=True)
        if source in constants and constants[source].size == 1 and counts(nodes, inner, its, passed, inside)
    }
    nodes, gathered = cut(nodes, counters, set(inside), outer)
    sequences |= gathered
    carried = tuple(
        Carried(inner, its, source, end, is_zero(source, constants, outer))
        for inner, its, source, end in zip(given, made, begins, ends, strict=False)
        if inner not in counters and inner not in inside
    )
    inside |= {name: np.array(0) for name in counters} | _zeros_from_outside(nodes, inside, constants, outer)
    asked = needed(nodes, [*(each.made for each in carried), *kept])
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


def _zeros_from_outside(
    nodes: Sequence[Node], inside: Mapping[str, Array], constants: Mapping[str, Array], outer: Mapping[str, Node]
) -> dict[str, Array]:
    asked = {name for node in nodes for name in node.inputs if name in outer and name not in inside}
    return {name: np.zeros((1, 1)) for name in asked if is_zero(name, constants, outer)}
