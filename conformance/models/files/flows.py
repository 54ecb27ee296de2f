"""What flows through a file's recurrent layers in the oracle, and where two files can be compared layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from refimpl import InvalidArgument
from refimpl.stack import Stack

from ...contract import Array
from . import conventions
from .computing.interpreting import Evaluation, roles_of
from .conventions import Given
from .hypotheses.arrays_apart import near
from .hypotheses.units import Differences, Unit
from .model import Model, Node

Pair = tuple[Unit, Unit, Differences]


@dataclass(frozen=True)
class Flow:
    """What reaches a recurrent layer and what it returns for every step, in the oracle."""

    node: Node
    given: Given
    outputs: Array
    state: tuple[Array, ...]


def flows_of(model: Model, found: Evaluation) -> dict[str, Flow]:
    """By place, the layers that could be computed."""
    flows = {}
    for node in model.recurrent:
        if node.recurrent is None or any(name and name not in found.values for name in node.inputs):
            continue
        try:
            given = conventions.given(node.recurrent, roles_of(node, found.values, found.masks))
            run = conventions.run(replace(node.recurrent, return_sequences=True), given)
        except (InvalidArgument, KeyError, ValueError):
            continue
        flows[node.name] = Flow(node, given, run.outputs, tuple(run.state))
    return flows


def segments(compared: Sequence[Pair]) -> list[Sequence[Pair]]:
    """Runs of cells that begin and end at a layer's edge in both files."""
    found, begin = [], 0
    for k in range(len(compared)):
        last = k + 1 == len(compared)
        if last or (
            compared[k + 1][0].node is not compared[k][0].node and compared[k + 1][1].node is not compared[k][1].node
        ):
            found.append(compared[begin : k + 1])
            begin = k + 1
    return found


def last_of(flows: Sequence[Flow]) -> list[Flow]:
    """The last layer, or the last directions, where each is a layer of its own: they have one input."""
    k = len(flows) - 1
    while k and near(flows[k - 1].given.x, flows[-1].given.x):
        k -= 1
    return list(flows[k:])


def side_by_side(flows: Sequence[Flow]) -> Array:
    """What the directions of a layer return, each step in its place, one after the other whatever merges them."""
    found = []
    for each in flows:
        layer = each.node.recurrent
        assert layer is not None
        if isinstance(layer.cell, Stack):
            last = replace(layer.cell.layers[-1], merge="concat")
            apart = replace(layer, cell=Stack((*layer.cell.layers[:-1], last)), return_sequences=True)
            found.append(conventions.run(apart, each.given).outputs)
        else:
            backwards = layer.reverse and layer.convention in conventions.LAST_STEP_FIRST
            found.append(each.outputs[:, ::-1] if backwards else each.outputs)
    return np.concatenate(found, axis=-1)


def alike(a: Flow, b: Flow) -> bool:
    """Whether two layers return the same."""
    return near(a.outputs, b.outputs) and (
        len(a.state) != len(b.state) or all(near(mine, its) for mine, its in zip(a.state, b.state, strict=True))
    )
