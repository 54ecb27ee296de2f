"""A model's values in the oracle: every part that is known computed in float64, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl import InvalidArgument
from refimpl.rounded import Rounded

from ....contract import Array
from .. import conventions
from ..model import Model, Node
from . import keras_parts, onnx_moves, onnx_parts, onnx_sizes, tflite_parts

FIELDS: dict[str, tuple[Any, Any]] = {
    "keras": (keras_parts.EXACT, keras_parts.ROUNDED),
    "onnx": (onnx_moves.EXACT, onnx_parts.ROUNDED),
    "pytorch": ({}, {}),
    "tflite": (tflite_parts.EXACT, tflite_parts.ROUNDED),
}


class Unknown(Exception):
    """A part that the oracle cannot compute, and why."""


@dataclass(frozen=True)
class Evaluation:
    """What the oracle computed of a model.

    values    by name, float64 or as they were
    masks     that go with them, ``(batch, time)`` bool
    unknown   the place of each part that was not computed, and why
    borrowed  names of values that an unknown part returned, and of what was only moved and chosen from these
    """

    values: Mapping[str, Array]
    masks: Mapping[str, Array]
    unknown: Mapping[str, str]
    borrowed: Set[str] = frozenset()


def evaluate(
    model: Model,
    inputs: Mapping[str, Array],
    taken: Mapping[str, Array] | None = None,
    noise: Mapping[str, Array] | None = None,
) -> Evaluation:
    """Every known part, from the model's inputs on.

    taken   values that stand for what an unknown part returns, so that those behind it are computed all the same
    noise   by value, what is added to it
    """
    values: dict[str, Array] = {**model.constants, **{name: widened(value) for name, value in inputs.items()}}
    masks: dict[str, Array] = {}
    unknown: dict[str, str] = {}
    borrowed: set[str] = set()
    for node in model.nodes:
        its_own = {name for name in node.inputs if name} - model.constants.keys()
        if its_own and its_own <= borrowed and is_exact(node, model.format):
            borrowed.update(node.outputs)
        try:
            found = results(node, model.format, values, masks)
        except Unknown as reason:
            unknown[node.name] = str(reason)
            for name in node.outputs:
                if taken is not None and name in taken:
                    values[name] = widened(taken[name])
                    borrowed.add(name)
            continue
        for name, value in zip(node.outputs, found, strict=False):
            if name:
                values[name] = value if noise is None or name not in noise else value + noise[name]
        if model.format == "keras" and node.outputs:
            its = [values[name] for name in node.inputs]
            mask = keras_parts.mask_after(node, its, _masks_of(node, masks))
            if mask is not None:
                masks |= {name: mask for name in node.outputs[:1]}
    return Evaluation(values, masks, unknown, borrowed)


def results(node: Node, format_: str, values: Mapping[str, Array], masks: Mapping[str, Array]) -> Sequence[Array]:
    """What one part returns, from values by name; `Unknown` where it cannot be computed."""
    if node.unknown:
        raise Unknown(node.unknown)
    missing = [name for name in node.inputs if name and name not in values]
    if missing:
        raise Unknown(f"it needs {missing[0]}, which was not computed")
    if node.recurrent is not None:
        by_role = roles_of(node, values, masks)
        try:
            ran = conventions.run(node.recurrent, conventions.given(node.recurrent, by_role))
        except InvalidArgument as error:
            raise Unknown(f"what reaches it does not fit: {error}") from None
        return conventions.raw(node.recurrent, ran.outputs, ran.state)
    return computed(node, format_, [values[name] if name else None for name in node.inputs])


def computed(node: Node, format_: str, inputs: Sequence[Any]) -> Sequence[Any]:
    """What a part that is not recurrent returns, on arrays or on `Rounded`; `Unknown` where that is not known."""
    exact, rounded = FIELDS[format_]
    operator = exact.get(node.operator) or rounded.get(node.operator)
    if operator is None:
        raise Unknown(f"{node.operator} is not modelled")
    try:
        if format_ == "onnx" and (most := onnx_sizes.numbers_after(node, inputs)) > onnx_sizes.MOST_NUMBERS:
            raise Unknown(f"it returns {most:,.0f} numbers, more than are computed")
        with np.errstate(all="ignore"):
            found = operator(node, inputs)
    except NotImplementedError as reason:
        raise Unknown(f"{reason} is not modelled") from None
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, InvalidArgument) as error:
        raise Unknown(f"it does not fit what reaches it: {error}") from None
    return found if isinstance(found, list) else [found]


def is_exact(node: Node, format_: str) -> bool:
    """Whether a part only moves and chooses numbers."""
    return node.operator in FIELDS[format_][0]


def roles_of(node: Node, values: Mapping[str, Array], masks: Mapping[str, Array]) -> dict[str, Array]:
    """What goes into a recurrent layer by its role; a mask that comes with ``x`` counts where none is given."""
    found = {role: values[name] for role, name in zip(node.roles, node.inputs, strict=False) if name and role}
    if "mask" not in found and node.inputs and node.inputs[0] in masks:
        found["mask"] = masks[node.inputs[0]]
    return found


def widened(value: Any) -> Array:
    """Floats in float64; integers and truth values as they are."""
    found = np.asarray(value)
    return found.astype(np.float64) if found.dtype.kind == "f" or found.dtype.name == "bfloat16" else found


def bounded(node: Node, format_: str, inputs: Sequence[Any], precision: Any) -> Sequence[Any]:
    """`computed` with bounds on the error of a faithful implementation, in ``precision``."""
    lifted = [
        Rounded.given(precision, value) if value is not None and np.asarray(value).dtype.kind == "f" else value
        for value in inputs
    ]
    return computed(node, format_, lifted)


def _masks_of(node: Node, masks: Mapping[str, Array]) -> list[Array | None]:
    return [masks.get(name) for name, role in zip(node.inputs, node.roles, strict=True) if role != "mask"]
