"""A loop whose cell is known as a node of the model: what goes in, what comes out, and in which direction it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .....contract import Array
from ...model import Node, Recurrent
from .cells import Found, found_in
from .loop import Loop


def node_of(
    loop: Loop, operator: str, outputs: Sequence[str], constants: Mapping[str, Array], outer: Mapping[str, Node]
) -> Node:
    """The recurrent layer that a loop is; or a node that says why the oracle cannot compute it.

    ``outputs`` are the loop's own; ``outer`` has the node that made each value outside.
    """
    found = found_in(loop)
    if isinstance(found, str):
        return unknown(loop.place, operator, tuple(each.begins for each in loop.carried), outputs, found)
    x, mask = loop.sequences[found.x], loop.sequences.get(found.mask, "")
    both = turned(x, constants, outer), turned(mask, constants, outer) if mask else "none"
    reverse = all(both)
    inputs, roles = [str(both[0]) if reverse else x], ["x"]
    if mask:
        inputs.append(str(both[1]) if reverse else mask)
        roles.append("mask")
    for k, state in enumerate(found.states):
        if state.begins:
            inputs.append(state.begins)
            roles.append(f"initial_state.{k}")
    made = [loop.kept.get(found.outputs, ""), *(state.ends for state in found.states)]
    rest = [name for name in outputs if name and name not in made]
    return Node(
        loop.place,
        operator,
        tuple(inputs),
        (*made, *rest),
        tuple(roles),
        {"is_recurrent": True},
        recurrent=_recurrent(found, reverse, not loop.last),
    )


def unknown(place: str, operator: str, inputs: Sequence[str], outputs: Sequence[str], why: str) -> Node:
    """A loop that is no recurrent layer which the oracle knows."""
    words = f"{operator} with products and activations inside: a recurrence, it seems, but {why}"
    return Node(place, operator, tuple(inputs), tuple(outputs), (), {"is_recurrent": True}, unknown=words)


def _recurrent(found: Found, reverse: bool, all_steps: bool) -> Recurrent:
    return Recurrent(found.cell, found.params, "loop", reverse, found.masked_output, all_steps, {"in_a_loop": True})


def turned(name: str, constants: Mapping[str, Array], outer: Mapping[str, Node], axis: int = 0) -> str:
    """The value whose steps come last first in this one; "" where this is no such value."""
    node = outer.get(name)
    if node is None:
        return ""

    def has(k: int, value: Any) -> bool:
        its = constants.get(node.inputs[k]) if len(node.inputs) > k else None
        return its is not None and bool(np.all(its == value))

    if node.operator == "ReverseSequence":  # as tf2onnx writes ReverseV2: of the whole length, in all rows
        lengths = outer.get(node.inputs[1])
        whole = lengths is not None and lengths.operator == "Expand" and node.attributes.get("time_axis", 0) == axis
        return node.inputs[0] if whole else ""
    if node.operator == "Slice" and has(1, -1) and has(3, axis) and has(4, -1):
        return node.inputs[0]
    return node.inputs[0] if node.operator == "ReverseV2" and has(1, axis) else ""
