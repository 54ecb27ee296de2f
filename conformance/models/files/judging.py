"""The verdict on a file: each part on the values that really reached it, and the whole model from its inputs.

A framework's recording has what went into each part and what came out. The oracle computes the part on exactly what
went in, so that an error does not travel: what a later part is blamed for is its own. The whole model is computed from
the inputs on; what may come of the roundings of all its parts together is sampled, each part's value moved by what its
own rounding may do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl import InvalidArgument
from refimpl.rounded import Rounded

from ...contract import Array
from . import agreement, conventions
from .agreement import Quantity
from .computing.interpreting import Unknown, bounded, computed, evaluate, is_exact, roles_of, widened
from .hypotheses import explaining
from .model import Model, Node
from .running import Recording

SAMPLES = 8
MARGIN = 8.0
"""So many of the samples' deviations the whole model may be off: each sample moves every part by its whole bound."""


@dataclass(frozen=True)
class PartVerdict:
    """What was found of one part.

    verdict      "agrees", "differs", "undecided" (no bound says anything) or "not compared", and then the reason;
                 "measured" of what computes in 8 bits, and then how far its numbers are off
    first_step   of a recurrent layer that differs: the first step, in the order of processing, that does
    explanations   of a recurrent layer that differs: the hypotheses under which it computes exactly what was returned
    """

    place: str
    operator: str
    verdict: str
    reason: str = ""
    quantities: tuple[Quantity, ...] = ()
    arithmetic: str = ""
    first_step: int | None = None
    explanations: tuple[str, ...] | None = None

    @property
    def worst(self) -> Quantity | None:
        """The quantity that is furthest off."""
        return max(self.quantities, key=lambda each: each.ratio, default=None)


@dataclass(frozen=True)
class FileVerdict:
    """What was found of a file.

    layers   its recurrent layers
    parts    what stands between them
    whole    the model's outputs, computed from its inputs on
    unknown  by place, why the oracle could not compute a part
    """

    layers: tuple[PartVerdict, ...]
    parts: tuple[PartVerdict, ...]
    whole: PartVerdict
    unknown: Mapping[str, str]

    @property
    def agrees(self) -> bool:
        """Whether numbers were compared, of every recurrent layer too, and nothing differs or is only measured."""
        every_layer = all(each.verdict != "not compared" for each in self.layers)
        return self.compared > 0 and every_layer and not self.differs and not self.measured

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return any(each.verdict == "differs" for each in (*self.layers, *self.parts, self.whole))

    @property
    def measured(self) -> bool:
        """Whether anything computes in 8 bits, of which it is only said how far it is off."""
        return any(each.verdict == "measured" for each in (*self.layers, *self.parts, self.whole))

    @property
    def compared(self) -> int:
        """How many numbers were."""
        return sum(q.numbers for each in (*self.layers, *self.parts, self.whole) for q in each.quantities)


def judge(model: Model, recording: Recording) -> FileVerdict:
    """The verdict on a file that a framework ran."""
    layers: list[PartVerdict] = []
    parts: list[PartVerdict] = []
    unknown: Mapping[str, str]
    for node in model.nodes:
        if node.recurrent is not None or node.attributes.get("is_recurrent"):
            layers.append(judge_layer(node, reached(model, node, recording), outputs_of(node, recording)))
        else:
            parts.append(_judge_part(model, node, recording))
    if not model.outputs:
        whole, unknown = PartVerdict("whole model", "", "not compared", "how it is wired is not in the file"), {}
    elif "alone" in recording.report:
        whole, unknown = PartVerdict("whole model", "", "not compared", "its layers ran alone"), {}
        parts = []
    else:
        whole, unknown = _judge_whole(model, recording)
    return FileVerdict(tuple(layers), tuple(parts), whole, unknown)


def reached(model: Model, node: Node, recording: Recording) -> dict[str, Array] | None:
    """What really went into a recurrent layer, by its role; None where that was not recorded."""
    own = f"{node.name}>"
    recorded = {name.removeprefix(own): value for name, value in recording.values.items() if name.startswith(own)}
    if "x" in recorded:
        return recorded
    known = {**recording.values, **model.constants}
    asked = [name for name, role in zip(node.inputs, node.roles, strict=False) if name and role]
    if not asked or any(name not in known for name in asked):
        return None
    return roles_of(node, {name: known[name] for name in asked}, {})


def outputs_of(node: Node, recording: Recording) -> list[Array | None]:
    """What a node returned, None for what was not recorded."""
    return [recording.values.get(name) if name else None for name in node.outputs]


def judge_layer(node: Node, values: Mapping[str, Array] | None, outputs: Sequence[Array | None]) -> PartVerdict:
    """A recurrent layer on what reached it."""
    if node.recurrent is None:
        return PartVerdict(node.name, node.operator, "not compared", node.unknown)
    if values is None or "x" not in values or all(each is None for each in outputs):
        return PartVerdict(node.name, node.operator, "not compared", "its values were not recorded")
    arithmetic = next(str(each.dtype) for each in outputs if each is not None)
    try:
        given = conventions.given(node.recurrent, values)
        ran = conventions.run(node.recurrent, given)
        if why := conventions.beyond(node.recurrent, ran):
            return PartVerdict(node.name, node.operator, "not compared", why)
        theirs = conventions.returned(node.recurrent, outputs)
        quantities = agreement.of_run(ran, theirs.outputs, theirs.state, arithmetic)
    except InvalidArgument as error:
        return PartVerdict(node.name, node.operator, "not compared", f"what reaches it does not fit: {error}")
    if node.attributes.get("quantised"):
        words = agreement.spread_of(theirs.outputs, ran.outputs)
        return PartVerdict(node.name, node.operator, "measured", words, tuple(quantities), arithmetic)
    verdict = agreement.verdict_of(quantities)
    first, told = None, []
    if verdict == "differs":
        told = explaining.explanations(node.recurrent, given, theirs, arithmetic)
        if not told and explaining.state_exchanged(ran.state, theirs):
            told = ["h and c are exchanged in the final state"]
        told = told or explaining.absolute_only(ran, theirs, arithmetic)
    if verdict == "differs" and theirs.outputs is not None and theirs.outputs.shape == ran.outputs.shape:
        first = _first_step(node, ran, theirs.outputs, arithmetic)
    return PartVerdict(
        node.name,
        node.operator,
        verdict,
        "",
        tuple(quantities),
        arithmetic,
        first,
        tuple(told) if told or verdict == "differs" else None,
    )


def _first_step(node: Node, ran: Any, got: Array, arithmetic: str) -> int | None:
    """The first step whose outputs lie beyond their bounds; of a stack the first in time."""
    import refimpl as ri

    bound = ri.rounding.bound(ran, arithmetic).outputs
    off = ~(np.abs(got - ran.outputs) <= bound + agreement.OF_OURS * np.abs(ran.outputs)) & np.isfinite(bound)
    steps = np.flatnonzero(off.any(axis=(0, 2)))
    if not steps.size or off.shape[1] == 1:
        return None
    return int(steps[-1] if node.recurrent is not None and node.recurrent.reverse else steps[0])


def _judge_part(model: Model, node: Node, recording: Recording) -> PartVerdict:
    """A part that is not recurrent, on what reached it."""
    known = {**recording.values, **model.constants}
    got = [known.get(name) if name else None for name in node.outputs]
    if all(each is None for each in got) or any(name and name not in known for name in node.inputs):
        return PartVerdict(node.name, node.operator, "not compared", "its values were not recorded")
    inputs = [known[name] if name else None for name in node.inputs]
    arithmetic = next((str(each.dtype) for each in got if each is not None and each.dtype.kind == "f"), "float32")
    try:
        if is_exact(node, model.format):
            found = computed(node, model.format, [None if each is None else widened(each) for each in inputs])
            pairs = [(value, np.zeros(())) for value in found]
        else:
            wide = [None if each is None else widened(each) for each in inputs]
            rounded = bounded(node, model.format, wide, agreement.absolute(arithmetic))
            pairs = [(_value(each), _bound(each)) for each in rounded]
    except (Unknown, InvalidArgument) as reason:
        return PartVerdict(node.name, node.operator, "not compared", str(reason))
    quantities = [
        agreement.compared("output", value, theirs, bound)
        for (value, bound), theirs in zip(pairs, got, strict=False)
        if theirs is not None
    ]
    return PartVerdict(node.name, node.operator, agreement.verdict_of(quantities), "", tuple(quantities), arithmetic)


def _judge_whole(model: Model, recording: Recording) -> tuple[PartVerdict, Mapping[str, str]]:
    """The model's outputs, from its inputs on; a part that is not known gives what the framework computed of it.

    An output that is only that, and was computed by nobody else, is not compared with itself.
    """
    inputs = {each.name: recording.values[each.name] for each in model.inputs if each.name in recording.values}
    exact = evaluate(model, inputs, taken=recording.values)
    outputs = recording.outputs
    if not outputs or any(name not in exact.values for name in model.outputs):
        why = next(iter(exact.unknown.values()), "the framework did not run the whole of it")
        return PartVerdict("whole model", "", "not compared", why), exact.unknown
    if set(model.outputs) <= exact.borrowed:
        places = ", ".join(place.partition("#")[0] for place in exact.unknown)
        why = f"it is what the framework itself returned for {places}"
        return PartVerdict("whole model", "", "not compared", why), exact.unknown
    spreads = _spread(model, inputs, recording, exact.values)
    quantities = []
    for k, (name, got) in enumerate(zip(model.outputs, outputs, strict=True)):
        expected = exact.values[name]
        if name in exact.borrowed:
            continue
        if got.dtype.kind == "f":
            quantities.append(agreement.compared(f"output {k}", expected, got, MARGIN * spreads[name]))
        else:
            quantities.append(agreement.compared(f"output {k}", expected, got, 0.0))
    arithmetic = next((str(each.dtype) for each in outputs if each.dtype.kind == "f"), "")
    reason = f"{len(exact.unknown)} parts as the framework computed them" if exact.unknown else ""
    reason = _masks_dropped(model, recording, exact.masks) or reason
    verdict = agreement.verdict_of(quantities)
    if any(node.attributes.get("quantised") for node in model.nodes):
        pairs = zip(outputs, (exact.values[name] for name in model.outputs), strict=True)
        reason = "; ".join(agreement.spread_of(got, value) for got, value in pairs if got.dtype.kind == "f")
        verdict = "measured"
    return PartVerdict("whole model", "", verdict, reason, tuple(quantities), arithmetic), exact.unknown


def _masks_dropped(model: Model, recording: Recording, masks: Mapping[str, Array]) -> str:
    """The layers to which a framework did not hand the mask that comes with their input; empty where there is none.

    Keras does so where an initial state is given: keras-mask-dropped-with-initial-state in ``divergences.toml``.
    """
    seen = recording.values
    places = [
        node.name.partition("#")[0]
        for node in model.recurrent
        if node.inputs and node.inputs[0] in masks and f"{node.name}>x" in seen and f"{node.name}>mask" not in seen
    ]
    return f"the mask that comes with its input did not reach {', '.join(places)}" if places else ""


def _spread(
    model: Model, inputs: Mapping[str, Array], recording: Recording, exact: Mapping[str, Array]
) -> dict[str, Array]:
    """How far the outputs move when every part's value moves by what its rounding may do, root mean square."""
    limits = {
        name: _limit(model, node, exact, recording) for node in model.nodes for name in node.outputs if name in exact
    }
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    squares: dict[str, Any] = {name: 0.0 for name in model.outputs}
    for sample in range(SAMPLES):
        rng = np.random.default_rng(sample)
        noise = {name: limit * rng.choice((-1.0, 1.0), exact[name].shape) for name, limit in limits.items()}
        moved = evaluate(model, inputs, taken=recording.values, noise=noise).values
        for name in model.outputs:
            if exact[name].dtype.kind == "f":
                squares[name] = squares[name] + (moved[name] - exact[name]) ** 2
    return {name: _pooled(square / SAMPLES, exact[name]) for name, square in squares.items()}


def _pooled(square: Any, value: Array) -> Array:
    """The root of each number's own mean square and that of its row, half and half: a few samples are not many."""
    square = np.broadcast_to(square, value.shape)
    row = square.mean(axis=-1, keepdims=True) if square.ndim else square
    return np.asarray(np.sqrt((square + row) / 2))


def _limit(model: Model, node: Node, exact: Mapping[str, Array], recording: Recording) -> Array | float | None:
    """What one part's rounding may do to what it returns."""
    made = [name for name in node.outputs if name in exact]
    if any(name and name not in exact for name in node.inputs) or not made:
        return None
    value = exact[made[0]]
    if value.dtype.kind != "f" or is_exact(node, model.format) or node.unknown:
        return None
    got = recording.values.get(made[0])
    precision = agreement.absolute(str(got.dtype) if got is not None and got.dtype.kind == "f" else "float32")
    if node.recurrent is not None:  # a few roundings of what it returns, and what its activations are off
        return 16 * precision.unit_roundoff * float(np.abs(value).max(initial=0.0)) + precision.absolute
    try:
        (found, *_) = bounded(node, model.format, [exact[n] if n else None for n in node.inputs], precision)
    except (Unknown, InvalidArgument):
        return None
    bound = _bound(found)
    return np.where(np.isfinite(bound), bound, 0.0)


def _value(found: Any) -> Array:
    return found.value if isinstance(found, Rounded) else np.asarray(found)


def _bound(found: Any) -> Array:
    return found.bound if isinstance(found, Rounded) else np.zeros(np.shape(found))
