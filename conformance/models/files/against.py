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

import numpy as np

from ...contract import Array
from . import conventions
from .checking import Check
from .computing.interpreting import Evaluation, evaluate
from .conventions import Returned
from .flows import Flow, Pair, alike, flows_of, last_of, segments, side_by_side
from .hypotheses import arrays_apart, explaining, weights_apart
from .hypotheses.arrays_apart import near
from .hypotheses.units import Differences, Unit, differences, units_of
from .model import Model


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
    unaligned  why no cells were aligned, where one of the files has none and the models' outputs alone are compared
    """

    pairs: tuple[tuple[str, str, bool], ...]
    findings: tuple[Finding, ...]
    not_computed: str = ""
    unaligned: str = ""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.findings and bool(self.pairs or (self.unaligned and not self.not_computed))


def narrowed(one: Model, other: Model) -> Model:
    """The first model, asking for the sizes that the second alone fixes: what is drawn for it fits both."""
    if len(one.inputs) != len(other.inputs):
        return one
    inputs = [
        replace(
            mine, shape=tuple(due if size is None else size for size, due in zip(mine.shape, its.shape, strict=True))
        )
        if len(mine.shape) == len(its.shape)
        else mine
        for mine, its in zip(one.inputs, other.inputs, strict=True)
    ]
    return replace(one, inputs=tuple(inputs))


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
    if not (ours and theirs):
        return _outputs_alone(one, other, bool(ours), bool(theirs))
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


def _outputs_alone(one: Check, other: Check, first: bool, second: bool) -> Against:
    """Of files of which one, or both, have no recurrent layer that is known: what the models return."""
    which = "the first file has" if second else "the second file has" if first else "both files have"
    unaligned = f"{which} no recurrent layer that could be read, so what the models return is compared"
    try:
        if not (one.model.outputs and other.model.outputs and other.inputs):
            raise ValueError("one of the files does not say how its parts are wired")
        found = _outputs_apart(one.model, other.model, _evaluated(one), _evaluated(other), "the inputs")
    except ValueError as reason:
        return Against((), (), str(reason), unaligned)
    return Against((), tuple(found), "", unaligned)


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


def _values(one: Check, other: Check, compared: Sequence[Pair]) -> list[Finding]:
    """The first place where values differ though everything before it is the same; nothing where none does."""
    first, second = _evaluated(one), _evaluated(other)
    flows = flows_of(one.model, first), flows_of(other.model, second)
    before = "the inputs"
    for cells in segments(compared):
        firsts, seconds = [each for each, _, _ in cells], [each for _, each, _ in cells]
        mine, theirs = firsts[0], seconds[0]
        sides = [dict.fromkeys(unit.node.name for unit in units) for units in (firsts, seconds)]
        if any(name not in flow for names, flow in zip(sides, flows, strict=True) for name in names):
            raise ValueError(f"{mine.place} could not be computed in both files")
        a, b = ([flow[name] for name in names] for names, flow in zip(sides, flows, strict=True))
        if not near(a[0].given.x, b[0].given.x):
            explained = arrays_apart.explained(a[0].given.x, b[0].given.x)
            words = f"what reaches it differs since {before}: {explained or 'no hypothesis explains it'}"
            return [Finding(mine.place, theirs.place, bool(explained), words)]
        if any(not found.none for *_, found in cells):
            return []  # it begins in this layer, and what is wrong with its weights has been told
        ends = last_of(a), last_of(b)
        alone = max(map(len, ends)) == 1
        if not (alike(a[-1], b[-1]) if alone else near(side_by_side(ends[0]), side_by_side(ends[1]))):
            return [_sequence_apart(mine, theirs, a, b[-1])]
        before = f"{firsts[-1].place}, whose outputs are the same"
    return _outputs_apart(one.model, other.model, first, second, before)


def _sequence_apart(mine: Unit, theirs: Unit, flows: Sequence[Flow], b: Flow) -> Finding:
    """Layers with the same weights and the same input that return something else."""
    a = flows[0]
    layer = a.node.recurrent
    assert layer is not None
    found: list[str] = []
    if len(flows) == 1:
        got = Returned(b.outputs, b.state)
        found = explaining.explanations(replace(layer, return_sequences=True), a.given, got, "float32")
        if not found and _begins_elsewhere(a, b):
            found = ["it begins with another state"]
        if not found and near(a.outputs, b.outputs) and explaining.state_exchanged(a.state, got):
            found = ["h and c are exchanged in the final state"]
    words = "; or ".join(found) if found else "no hypothesis explains it"
    return Finding(
        mine.place, theirs.place, bool(found), f"the same weights and input, other outputs: in the second {words}"
    )


def _begins_elsewhere(a: Flow, b: Flow) -> bool:
    """Whether the first layer returns what the second does where it begins with that one's initial state.

    So it is where a stateful layer was exported with the state that it then had.
    """
    layer, begun = a.node.recurrent, b.given.initial_state
    if layer is None or begun is None or [part.shape for part in begun] != [part.shape for part in b.state]:
        return False
    run = conventions.run(replace(layer, return_sequences=True), replace(a.given, initial_state=begun))
    return all(near(mine, its) for mine, its in zip((run.outputs, *run.state), (b.outputs, *b.state), strict=False))


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


def _fits(shape: Sequence[int], asked: Sequence[int | None]) -> bool:
    return len(shape) == len(asked) and all(due in (None, size) for size, due in zip(shape, asked, strict=True))
