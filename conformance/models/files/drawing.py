"""Inputs for a model: drawn, or read from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...common.reading import Unreadable, read_json, read_npy, read_npz
from ...contract import Array
from .limits import MOST_TEXT, Budget, within
from .model import CannotRead, Input, Model, Node

BATCH, TIME, OTHER = 3, 7, 5
"""What an axis that a model leaves open has: distinct, so that none can be taken for another."""
MOST_DRAWN = 2**30
"""Bytes of all inputs that are drawn."""
_PASS_ON = ("Cast", "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze")


def drawn(model: Model, seed: int = 0, shapes: Mapping[str, Sequence[int]] | None = None) -> dict[str, Array]:
    """One array for each of the model's inputs.

    Floats are normal; tokens cover the vocabulary of the table that they look up; lengths differ from row to row. Where
    a layer masks steps, some rows end early. ``shapes`` has those that were said, by an input's name. `CannotRead` for
    a shape that must be said.
    """
    rng, batch, time = np.random.default_rng(seed), _rows(model) or BATCH, TIME
    found = {}
    budget = Budget(Path(model.path).name, MOST_DRAWN)
    for each in model.inputs:
        if np.dtype(each.dtype).kind not in "fiub" and each.dtype != "bfloat16":
            raise CannotRead(
                f"{each.name}: an input of {each.dtype}, and only numbers and truth values are handed over"
            )
        shape = _said(each, shapes or {}) or _sizes(model, each, batch, time)
        budget.take(f"the input {each.name.partition('#')[0]}", shape, np.dtype(np.float64).itemsize)
        if each.dtype == "bool":
            found[each.name] = rng.random(shape) < 0.7
        elif each.dtype.startswith(("int", "uint")) or _table(model, each.name) is not None:
            found[each.name] = _integers(model, each, shape, rng, time)
        else:
            found[each.name] = rng.standard_normal(shape).astype(each.dtype)
        masked = _masked_value(model, each.name)
        if masked is not None and len(shape) > 1 and shape[1] > 1:
            for row, length in enumerate(rng.integers(1, shape[1], shape[0] - 1), start=1):
                found[each.name][row, length:] = masked
    return found


def _content(path: Path) -> Any:
    if path.suffix == ".json":
        return read_json(path, MOST_TEXT)
    most = within(path)
    return read_npz(path, most) if path.suffix == ".npz" else read_npy(path, most)


def given(model: Model, path: Path) -> dict[str, Array]:
    """The inputs that a file holds: ``.npy`` for a model's first input, ``.npz`` and ``.json`` by name or in order."""
    try:
        content: Any = _content(path)
    except Unreadable as error:
        raise CannotRead(f"{path.name}: no inputs that can be read: {error.problem}") from None
    try:
        if isinstance(content, Mapping):
            named = {str(name): np.asarray(value) for name, value in content.items()}
        else:
            named = {model.inputs[0].name: np.asarray(content)}
    except (ValueError, OverflowError) as error:
        raise CannotRead(f"{path.name}: no arrays: {str(error).splitlines()[0]}") from None
    if not named:
        raise CannotRead(f"{path.name}: it holds no array")
    names = [each.name for each in model.inputs]
    short = {name.partition("#")[0]: name for name in names}
    if not set(named) <= set(names) | set(short):
        if len(named) != len(names):
            raise CannotRead(f"{path.name}: the model asks for {', '.join(short)}, the file has {', '.join(named)}")
        named = dict(zip(names, named.values(), strict=True))
    found = {short.get(name, name): value for name, value in named.items()}
    for each in model.inputs:
        if each.name not in found:
            continue
        value = found[each.name]
        open_ = len(each.shape) == value.ndim and all(
            size in (None, got) for size, got in zip(each.shape, value.shape, strict=True)
        )
        if not open_ or value.dtype.kind not in "fiub":
            raise CannotRead(f"{path.name}: {each.name} is {value.dtype} of shape {value.shape}, not {each.shape}")
        found[each.name] = _in_dtype(path.name, each, value)
    return found


def _in_dtype(file: str, asked: Input, value: Array) -> Array:
    """The value in the dtype that the model asks for; `CannotRead` where integers would not be the same any more, or
    finite floats infinite."""
    with np.errstate(all="ignore"):
        found: Array = value.astype(asked.dtype)
        kept = (
            np.array_equal(found, value)
            if found.dtype.kind in "iub"
            else (np.isfinite(found) == np.isfinite(value)).all()
        )
    if not kept:
        raise CannotRead(
            f"{file}: {asked.name} is asked for in {asked.dtype}, which has not all of its {value.dtype} numbers"
        )
    return found


def _said(asked: Input, shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...] | None:
    said = shapes.get(asked.name, shapes.get(asked.name.partition("#")[0]))
    if said is None:
        return None
    if len(said) != len(asked.shape) or any(
        size not in (None, got) for size, got in zip(asked.shape, said, strict=False)
    ):
        raise CannotRead(f"{asked.name}: the shape {tuple(said)} was said, the model asks for {asked.shape}")
    return tuple(said)


def _rows(model: Model) -> int | None:
    """The rows that an initial state has which stands in the file: a stateful layer's; None where there is none."""
    for node in model.recurrent:
        batch_first = node.recurrent is not None and node.recurrent.options.get("layout")
        for name, role in zip(node.inputs, node.roles, strict=False):
            state = model.constants.get(name)
            if role.startswith("initial_") and state is not None and state.ndim > 1:
                return int(state.shape[0 if batch_first else -2])
    return None


def _sizes(model: Model, asked: Input, batch: int, time: int) -> tuple[int, ...]:
    state = any(role.startswith("initial_") for role in _roles(model, asked.name))
    sizes = []
    for axis, size in enumerate(asked.shape):
        if size is not None:
            sizes.append(size)
            continue
        symbol = asked.symbols[axis].lower() if axis < len(asked.symbols) else ""
        if "batch" in symbol:
            sizes.append(batch)
        elif any(word in symbol for word in ("seq", "time", "len", "step")):
            sizes.append(time)
        elif axis > 1:
            raise CannotRead(f"{asked.name}: the size of its axis {axis} is left open; say it with --shape")
        else:
            sizes.append(batch if axis == 0 or state else time)
    return tuple(sizes)


def _integers(model: Model, asked: Input, shape: tuple[int, ...], rng: Any, time: int) -> Array:
    rows = _table(model, asked.name)
    if "lengths" in _roles(model, asked.name):
        steps = next(
            (size for each in model.inputs if len(each.shape) > 2 for size in _sizes(model, each, 0, time)[:1]), time
        )
        return np.asarray(rng.integers(1, max(steps, 1) + 1, shape).astype(asked.dtype))
    least = 1 if _masked_value(model, asked.name) == 0 else 0
    return np.asarray(rng.integers(least, rows or 2, shape).astype(asked.dtype))


def _reached(model: Model, name: str) -> list[tuple[Node, int]]:
    """The nodes that a value reaches, through those that change nothing of its numbers."""
    found = []
    for node, k in model.readers_of(name):
        if node.operator in _PASS_ON:
            found += _reached(model, node.outputs[0])
        else:
            found.append((node, k))
    return found


def _roles(model: Model, name: str) -> list[str]:
    return [node.roles[k] for node, k in _reached(model, name) if k < len(node.roles)]


def _table(model: Model, name: str) -> int | None:
    """The rows of the table that tokens look up; None where they look up none."""
    for node, k in _reached(model, name):
        if node.operator == "Embedding" and node.weights:
            return int(node.weights[0].shape[0])
        if node.operator == "Gather" and k == 1 and node.inputs[0] in model.constants:
            return int(model.constants[node.inputs[0]].shape[node.attributes.get("axis", 0)])
    return None


def _masked_value(model: Model, name: str) -> float | None:
    """What marks a step to be masked, where a layer masks any."""
    for node, _ in _reached(model, name):
        if node.operator == "Masking":
            return float(node.attributes.get("mask_value", 0.0))
        if node.operator == "Embedding" and node.attributes.get("mask_zero"):
            return 0.0
    return None
