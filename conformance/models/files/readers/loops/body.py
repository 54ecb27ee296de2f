"""What is asked of a loop's body, whatever the format: what counts, what is a step of a sequence, what needs what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .....contract import Array
from ...model import Node


def is_zero(name: str, constants: Mapping[str, Array], outer: Mapping[str, Node]) -> bool:
    """Whether a value outside is zero whatever its shape."""
    if name in constants:
        return not constants[name].any()
    node = outer.get(name)
    if node is None:
        return False
    if node.operator == "ConstantOfShape":
        return not np.any(node.attributes.get("value", 0.0))
    if node.operator == "ZerosLike":
        return True
    if node.operator == "Fill":
        return is_zero(node.inputs[1], constants, outer)
    return node.operator in ("Expand", "Identity", "Tile", "Reshape") and is_zero(node.inputs[0], constants, outer)


def counts(
    nodes: Sequence[Node], inner: str, made: str, passed: Mapping[str, str], constants: Mapping[str, Array]
) -> bool:
    """Whether a carried value is one more after each step."""
    for node in nodes:
        if passed.get(made, made) in node.outputs or made in node.outputs:
            others = [name for name in node.inputs if name != inner]
            return node.operator == "Add" and len(others) == 1 and bool(np.all(constants.get(others[0], 0) == 1))
    return False


def cut(
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


def needed(nodes: Sequence[Node], wanted: Sequence[str]) -> set[str]:
    """Every value that goes into these, directly or not."""
    makers = {name: node for node in nodes for name in node.outputs}
    found, left = set(), list(wanted)
    while left:
        name = left.pop()
        if name and name not in found:
            found.add(name)
            left += list(makers[name].inputs) if name in makers else []
    return found
