"""Two files side by side: where a difference begins, what explains it, and whose it is.

First their recurrent cells are aligned and compared as they are written, whatever the layout (`units`): equations and
weights, and where they differ each hypothesis is tried (`hypotheses`). Then both models are computed in the oracle from
the same inputs, so that rounding has no part in it: what reaches each layer, what it returns, what the model returns.
The first place that differs while all before it are the same is where the difference begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from refimpl import InvalidArgument

from ...contract import Array
from . import conventions
from .checking import Check
from .computing.interpreting import Evaluation, evaluate, roles_of
from .conventions import Given, Returned
from .hypotheses import arrays_apart, explaining, weights_apart
from .hypotheses.arrays_apart import near
from .hypotheses.units import Differences, Unit, differences, units_of
from .model import Model, Node


@dataclass(frozen=True)
class Finding:
    """One thing in which two files differ.

    place, other   where, in the first and in the second file
    explained      whether a hypothesis makes all numbers agree
    sentence       what was found
    """

    place: str
    other: str
    explained: bool
    sentence: str

    def __str__(self) -> str:
        where = self.place if self.place == self.other else f"{self.place} and {self.other}"
        return f"{where}: {self.sentence}"


@dataclass(frozen=True)
class Against:
    """What two files have in common and in what they differ.

    pairs      the aligned cells, by their places, and whether they are the same up to layout
    findings   in the order of the model: the first is where the difference begins
    computed   why values were not compared; empty where they were
    """

    pairs: tuple[tuple[str, str, bool], ...]
    findings: tuple[Finding, ...]
    not_computed: str = ""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.findings and bool(self.pairs)


def handed_over(one: Model, other: Model, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The first model's inputs for the second, in order; `ValueError` where the two do not ask for the same."""
    if len(one.inputs) != len(other.inputs):
        raise ValueError(f"the first asks for {len(one.inputs)} inputs, the second for {len(other.inputs)}")
    found = {}
    for mine, theirs in zip(one.inputs, other.inputs, strict=True):
        value = np.asarray(inputs[mine.name])
        if not _fits(value.shape, theirs.shape) and value.ndim > 1 and _fits(value.swapaxes(0, 1).shape, theirs.shape):
            value = np.ascontiguousarray(value.swapaxes(0, 1))
        if not _fits(value.shape, theirs.shape):
            raise ValueError(f"{theirs.name} asks for {theirs.shape}, {mine.name} has {value.shape}")
        found[theirs.name] = value.astype(theirs.dtype)
    return found


def compare(one: Check, other: Check) -> Against:
    """The two files beside each other."""
    ours, theirs = units_of(one.model), units_of(other.model)
    aligned, lonely = _aligned(ours, theirs)
    compared = [(a, b, differences(a, b)) for a, b in aligned]
    findings: dict[str, Finding] = {}
    for a, b, found in compared:
        if not found.none:
            findings[a.place] = _explained(a, b, found, aligned)
    pairs = tuple((a.place, b.place, found.none) for a, b, found in compared)
    try:
        if not (one.model.outputs and other.model.outputs and other.inputs):
            raise ValueError("one of the files does not say how its layers are wired")
        values = _values(one, other, compared)
    except ValueError as reason:
        return Against(pairs, (*findings.values(), *lonely), str(reason))
    return Against(pairs, (*values, *_others(findings, values), *lonely))


def _others(findings: Mapping[str, Finding], values: Sequence[Finding]) -> list[Finding]:
    told = {each.place for each in values}
    return [each for place, each in findings.items() if place not in told]


def _aligned(ours: list[Unit], theirs: list[Unit]) -> tuple[list[tuple[Unit, Unit]], list[Finding]]:
    """The cells of both in order; where their number differs, those of one kind and size."""
    if len(ours) == len(theirs):
        return list(zip(ours, theirs, strict=True)), []
    keys = [[(type(u.cell).__name__, u.cell.input_size, u.cell.hidden_size) for u in units] for units in (ours, theirs)]
    pairs = []
    for block in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_matching_blocks():
        pairs += [(ours[block.a + k], theirs[block.b + k]) for k in range(block.size)]
    paired = {id(unit) for pair in pairs for unit in pair}
    lonely = [
        Finding(u.place, "nothing", False, "the second file has no such layer") for u in ours if id(u) not in paired
    ]
    lonely += [
        Finding("nothing", u.place, False, "the first file has no such layer") for u in theirs if id(u) not in paired
    ]
    return pairs, lonely


def _explained(a: Unit, b: Unit, found: Differences, aligned: Sequence[tuple[Unit, Unit]]) -> Finding:
    """Which hypothesis makes the first cell the second; or in what they differ."""
    for _, other in aligned:
        if other is not b and differences(a, replace(other, reverse=a.reverse)).none:
            both = other.layer == b.layer
            words = "the directions' weights are exchanged" if both else f"the weights stand in {other.place}"
            return Finding(a.place, b.place, True, words)
    words = weights_apart.explained(a, b, found)
    if words:
        return Finding(a.place, b.place, True, f"in the second file {words}")
    return Finding(a.place, b.place, False, f"{_told(a, b, found)}; no hypothesis explains it")


def _told(a: Unit, b: Unit, found: Differences) -> str:
    words = [f"{name} is {ours!r} and {theirs!r}" for name, (ours, theirs) in found.options.items()]
    if found.arrays:
        listed = ", ".join(f"{name} by {by:.2g}" for name, by in found.arrays.items())
        words.append(f"the weights differ: {listed}{_gates_apart(a, b, found)}")
    return "; ".join(words)


def _gates_apart(a: Unit, b: Unit, found: Differences) -> str:
    """Which gates' weights differ, where not all of them do."""
    names = [n for n in found.arrays if n in a.params and n in b.params and n.endswith("kernel")]
    if found.options or not names or any(a.params[n].shape != b.params[n].shape for n in names):
        return ""
    hidden, order = a.cell.hidden_size, a.cell.gate_order
    apart = {
        gate
        for n in names
        for k, gate in enumerate(order)
        if not np.array_equal(
            a.params[n][:, k * hidden : (k + 1) * hidden], b.params[n][:, k * hidden : (k + 1) * hidden]
        )
    }
    return f", of gate {' '.join(g for g in order if g in apart)} alone" if len(apart) < len(order) else ""


@dataclass(frozen=True)
class _Flow:
    """What reaches a recurrent layer and what it returns for every step, in the oracle."""

    node: Node
    given: Given
    outputs: Array
    state: tuple[Array, ...]


def _values(one: Check, other: Check, compared: Sequence[tuple[Unit, Unit, Differences]]) -> list[Finding]:
    """The first place where values differ though everything before it is the same; nothing where none does."""
    first, second = _evaluated(one), _evaluated(other)
    flows = _flows(one.model, first), _flows(other.model, second)
    before = "the inputs"
    for mine, last_mine, theirs, last_theirs, cells in _segments(compared):
        names = mine.node.name, last_mine.node.name, theirs.node.name, last_theirs.node.name
        if any(name not in flow for name, flow in zip(names, (flows[0], flows[0], flows[1], flows[1]), strict=True)):
            raise ValueError(f"{mine.place} could not be computed in both files")
        a, a_last, b, b_last = flows[0][names[0]], flows[0][names[1]], flows[1][names[2]], flows[1][names[3]]
        if not near(a.given.x, b.given.x):
            explained = arrays_apart.explained(a.given.x, b.given.x)
            words = f"what reaches it differs since {before}: {explained or 'no hypothesis explains it'}"
            return [Finding(mine.place, theirs.place, bool(explained), words)]
        if any(not found.none for *_, found in cells):
            return []  # it begins in this layer, and what is wrong with its weights has been told
        if not _alike(a_last, b_last):
            return [_sequence_apart(mine, theirs, a, a_last, b_last)]
        before = f"{last_mine.place}, whose outputs are the same"
    return _outputs_apart(one.model, other.model, first, second, before)


def _sequence_apart(mine: Unit, theirs: Unit, a: _Flow, a_last: _Flow, b: _Flow) -> Finding:
    """Layers with the same weights and the same input that return something else."""
    layer = a.node.recurrent
    assert layer is not None
    found: list[str] = []
    if a is a_last:
        got = Returned(b.outputs, b.state)
        found = explaining.explanations(replace(layer, return_sequences=True), a.given, got, "float32")
        if not found and near(a.outputs, b.outputs) and explaining.state_exchanged(a.state, got):
            found = ["h and c are exchanged in the final state"]
    words = "; or ".join(found) if found else "no hypothesis explains it"
    return Finding(
        mine.place, theirs.place, bool(found), f"the same weights and input, other outputs: in the second {words}"
    )


def _outputs_apart(one: Model, other: Model, first: Evaluation, second: Evaluation, before: str) -> list[Finding]:
    """What the models return, where all recurrent layers are the same."""
    ours = [first.values.get(name) for name in one.outputs]
    theirs = [second.values.get(name) for name in other.outputs]
    if any(each is None for each in (*ours, *theirs)):
        raise ValueError("what stands behind the last recurrent layer could not be computed in both files")
    a, b = [np.asarray(each) for each in ours], [np.asarray(each) for each in theirs]
    if len(a) != len(b):
        return [Finding("outputs", "outputs", False, f"the first returns {len(a)} arrays, the second {len(b)}")]
    if all(near(mine, its) for mine, its in zip(a, b, strict=True)):
        return []
    explained = arrays_apart.explained_together(a, b)
    words = explained or "no hypothesis explains it"
    return [Finding("outputs", "outputs", bool(explained), f"the models' outputs differ since {before}: {words}")]


def _evaluated(check: Check) -> Evaluation:
    recordings = [ran.recording for ran in check.runs if ran.recording is not None]
    return evaluate(check.model, check.inputs, taken=recordings[0].values if recordings else None)


def _flows(model: Model, found: Evaluation) -> dict[str, _Flow]:
    flows = {}
    for node in model.recurrent:
        if node.recurrent is None or any(name and name not in found.values for name in node.inputs):
            continue
        try:
            given = conventions.given(node.recurrent, roles_of(node, found.values, found.masks))
            run = conventions.run(replace(node.recurrent, return_sequences=True), given)
        except (InvalidArgument, KeyError, ValueError):
            continue
        flows[node.name] = _Flow(node, given, run.outputs, tuple(run.state))
    return flows


def _segments(compared: Sequence[tuple[Unit, Unit, Differences]]) -> list[tuple[Any, ...]]:
    """Runs of cells that begin and end at a layer's edge in both files."""
    found, begin = [], 0
    for k in range(len(compared)):
        last = k + 1 == len(compared)
        if last or (
            compared[k + 1][0].node is not compared[k][0].node and compared[k + 1][1].node is not compared[k][1].node
        ):
            cells = compared[begin : k + 1]
            found.append((cells[0][0], cells[-1][0], cells[0][1], cells[-1][1], cells))
            begin = k + 1
    return found


def _alike(a: _Flow, b: _Flow) -> bool:
    return near(a.outputs, b.outputs) and (
        len(a.state) != len(b.state) or all(near(mine, its) for mine, its in zip(a.state, b.state, strict=True))
    )


def _fits(shape: Sequence[int], asked: Sequence[int | None]) -> bool:
    return len(shape) == len(asked) and all(due in (None, size) for size, due in zip(shape, asked, strict=True))
