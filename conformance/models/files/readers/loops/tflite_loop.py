"""TensorFlow Lite: a WHILE as a `Loop`, as the converter writes TensorFlow's ``while`` over the steps of a sequence.

What is kept of the steps is a list of TensorFlow's (``FlexTensorListSetItem``), or an array that each step hands on
with one of its rows exchanged.

Source: ``mlir/lite/transforms/lower_static_tensor_list.cc``, TensorFlow 2.21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .....contract import Array
from ...model import Node
from .body import counts, cut, is_zero, needed
from .loop import Carried, Loop

_Value = tuple[str, str, str, str]
_REBUILDS = (
    *("Concat", "Slice", "StridedSlice", "Reshape", "Unsqueeze", "Pack"),
    *("FlexTensorListSetItem", "DYNAMIC_UPDATE_SLICE"),
)


def loop_of(
    place: str,
    nodes: list[Node],
    values: Sequence[_Value],
    inside: dict[str, Array],
    constants: Mapping[str, Array],
    outer: Mapping[str, Node],
    sizes: Mapping[str, Sequence[int]],
) -> Loop | str:
    """The loop, or why it is none over a sequence.

    values   by carried value: its name inside, that of what is made of it, and its names outside before and after
    sizes    by name inside, the shape that the file says
    """
    inside |= {
        given: np.zeros((1, 1))
        for given, made, source, _ in values
        if given == made and is_zero(source, constants, outer)
    }
    passed = {given: source for given, made, source, _ in values if given == made and given not in inside}
    counters = {
        given
        for given, made, source, _ in values
        if source in constants and constants[source].size == 1 and counts(nodes, given, made, {}, inside)
    }
    nodes, gathered = cut(nodes, counters, set(inside), outer)
    sequences = {name: passed[source] for name, source in gathered.items() if source in passed}
    kept, carried, last = {}, [], False
    for given, made, source, end in values:
        if given in counters or given in passed or given in inside:
            continue
        item = _kept(nodes, given, made, counters, inside) if len(sizes[given]) != 2 else ""
        if item:
            kept[item] = end
            last = last or not _indexed(nodes, made, counters)
        else:
            carried.append(Carried(given, made, source, end, is_zero(source, constants, outer)))
    nodes = [node for node in nodes if not (set(node.outputs) & _lists(values, kept, carried))]
    inside |= {name: np.array(0) for name in counters}
    asked = needed(nodes, [*(each.made for each in carried), *kept])
    known = {name for each in nodes for name in each.outputs} | set(sequences) | {each.given for each in carried}
    if asked & counters:
        return "its step depends on which step it is"
    unknown = [name for name in sorted(asked) if name not in known and name not in inside]
    if unknown:
        return f"its step needs {unknown[0]}, which is neither a weight nor a step of a sequence"
    if not sequences:
        return "no sequence is gone through in it"
    rows = next((sizes[each.given][0] for each in carried if sizes[each.given]), None)
    return Loop(place, "tflite", tuple(nodes), inside, sequences, tuple(carried), kept, last, rows)


def _lists(values: Sequence[_Value], kept: Mapping[str, str], carried: Sequence[Carried]) -> set[str]:
    """What only hands on what is kept."""
    states = {each.made for each in carried}
    return {made for _, made, _, end in values if end in kept.values() and made not in states and made not in kept}


def _kept(nodes: Sequence[Node], given: str, made: str, counters: set[str], inside: Mapping[str, Array]) -> str:
    """What a step puts into the array or list that it hands on; "" where it does something else with it."""
    makers = {name: node for node in nodes for name in node.outputs}
    leaves, left = set(), [made]
    while left:
        name = left.pop()
        node = makers.get(name)
        if node is not None and node.operator in _REBUILDS:
            left += [each for each in node.inputs if each]
        elif name not in (given, *counters) and name not in inside and not _is_index(makers, name, counters, inside):
            leaves.add(name)
    return leaves.pop() if len(leaves) == 1 else ""


def _is_index(makers: Mapping[str, Node], name: str, counters: set[str], inside: Mapping[str, Array]) -> bool:
    """Whether a value follows from the step's number alone."""
    node = makers.get(name)
    if node is None:
        return name in counters or name in inside
    return all(_is_index(makers, each, counters, inside) for each in node.inputs if each)


def _indexed(nodes: Sequence[Node], made: str, counters: set[str]) -> bool:
    """Whether the place of what is kept is the step's number: else each step takes the one before it away."""
    return bool(needed(nodes, [made]) & counters)
