"""The noun: a loop over the steps of a sequence, whatever the format, and one step of it computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .....contract import Array
from ...computing.interpreting import Unknown, computed
from ...model import Node


@dataclass(frozen=True)
class Carried:
    """A value that each step hands to the next.

    given, made    its name inside: what a step gets, and what it makes of that
    begins, ends   its name outside: what the first step gets, and what the last one made; "" for neither
    from_zero      whether the first step gets zeros
    """

    given: str
    made: str
    begins: str
    ends: str
    from_zero: bool = False


@dataclass(frozen=True)
class Loop:
    """A loop, its body cut free of the graph around it.

    place       its name in the file
    format      whose operators its body has
    nodes       the body, in order
    constants   inside, by name: those from outside too
    sequences   inside, by name: what is a step of which value outside, time first
    carried     what goes from step to step, without counters
    kept        inside, by name: what is kept of every step, and as which value outside, time first
    last        whether of what is kept only the last step is
    """

    place: str
    format: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    sequences: Mapping[str, str]
    carried: tuple[Carried, ...]
    kept: Mapping[str, str] = field(default_factory=dict)
    last: bool = False
    rows: int | None = None
    """How many rows a batch must have; None where any number will do."""


def step(loop: Loop, given: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of one step that can be computed, in float64: rows that go in are ``(rows, size)``."""
    count = len(next(iter(given.values())))
    size = loop.rows or count
    parts = []
    for begin in range(0, count, size):
        part = {name: value[begin : begin + size] for name, value in given.items()}
        missing = size - len(next(iter(part.values())))
        parts.append(_step(loop, {n: np.concatenate([v, np.repeat(v[-1:], missing, axis=0)]) for n, v in part.items()}))
    if len(parts) == 1:
        return {name: value[:count] if value.ndim else value for name, value in parts[0].items()}
    rows = [name for name, value in parts[0].items() if value.ndim > 1 and value.shape[0] == size]
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in rows}


def _step(loop: Loop, given: Mapping[str, Array]) -> dict[str, Array]:
    values: dict[str, Array] = {name: _wide(value) for name, value in loop.constants.items()} | dict(given)
    made: dict[str, Array] = dict(given)
    for node in loop.nodes:
        if node.unknown or any(name and name not in values for name in node.inputs):
            continue
        try:
            found = computed(node, loop.format, [values[name] if name else None for name in node.inputs])
        except Unknown:
            continue
        made |= {name: np.asarray(value) for name, value in zip(node.outputs, found, strict=False) if name}
        values |= {name: made[name] for name in node.outputs if name in made}
    return made


def _wide(value: Array) -> Array:
    return value.astype(np.float64) if value.dtype.kind == "f" else value
