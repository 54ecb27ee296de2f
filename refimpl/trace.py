"""What a run keeps of its steps, and the pieces in which it goes through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array
from .parameters import ARGUMENTS, Cell, Gates, Kept, State

_CACHED = 2**16
"""How many numbers of all gates a piece has at most, so that they stay in a processor's cache."""
_ROWS = 512
"""How many rows, of all its steps, it has all the same: with fewer, large products are slower."""


def pieces(cell: Cell, x: Array) -> list[slice]:
    """The time steps, several at a time; all at once for arrays that carry their own arithmetic."""
    batch, time, _ = x.shape
    if not isinstance(x, np.ndarray):
        return [slice(None)]
    rows = max(_ROWS, _CACHED // (len(cell.gate_order) * cell.hidden_size))
    steps = max(1, rows // max(1, batch))
    return [slice(t, min(t + steps, time)) for t in range(0, max(1, time), steps)]


def carrier(*arrays: Array) -> Array:
    """The first that carries its own arithmetic, and makes the others do; if there is none, the first."""
    return next((each for each in arrays if not isinstance(each, np.ndarray)), arrays[0])


def blank(like: Array, time: int, features: int) -> Any:
    """What takes ``(batch, features)`` of each step: an array, or a list of arrays with their own arithmetic."""
    shape = time, like.shape[0], features
    return np.empty_like(like, shape=shape) if isinstance(like, np.ndarray) else [None] * time


def stacked(steps: Any, like: Array, features: int) -> Array:
    """``(time, batch, features)`` from one ``(batch, features)`` a step."""
    if not isinstance(steps, list):
        return steps
    if not steps:
        return np.zeros((0, like.shape[0], features), like.dtype)
    return np.stack(steps, axis=0)


class Trace:
    """What is kept of each step: states, gates and outputs.

    Time comes first in memory, so that a step is one block, and each number is kept once. The states after the steps
    are those before the next ones: there are ``time + 1``, the initial one first, or last where the steps are gone
    through in reverse. Without a mask the outputs are the hidden states, and a gate of a state's name is that state.

    keep      whether states and gates are kept, as the adjoint needs them
    outputs   whether each step's output is
    """

    def __init__(
        self, cell: Cell, x: Array, state: State, *, reverse: bool, masked: bool, keep: bool, outputs: bool
    ) -> None:
        self._cell, self._keep, self._time = cell, keep, x.shape[1]
        self._like = carrier(x, *state)
        time, sizes = self._time, cell.state_sizes
        self._first, self._last = (1, 0) if reverse else (0, 1)  # where the state before step 0 and after it lie
        self._states = [
            blank(self._like, time + 1, size) for size in sizes[: len(sizes) if keep else int(outputs and not masked)]
        ]
        for kept, part in zip(self._states, state, strict=False):
            kept[time * self._first] = part
        self._outputs = blank(self._like, time, cell.output_size) if masked and outputs else None
        are_states = cell.state_names if isinstance(self._like, np.ndarray) and not masked else ()
        self._gates = {
            name: (k, blank(self._like, time, self._width(name)))
            for k, name in enumerate(cell.gate_names if keep else ())
            if name not in are_states
        }

    def add(self, t: int, state: State, output: Array, gates: Kept) -> None:
        """What step t gave: the state after it, its output, its gates."""
        for kept, part in zip(self._states, state, strict=False):
            kept[t + self._last] = part
        for k, kept in self._gates.values():
            kept[t] = gates[k]
        if self._outputs is not None:
            self._outputs[t] = output

    @property
    def outputs(self) -> Array:
        """``(batch, time, output)``."""
        if self._outputs is None:
            return self._state(0, self._last)
        return stacked(self._outputs, self._like, self._cell.output_size).swapaxes(0, 1)

    @property
    def before(self) -> State:
        """The state before each step, a tuple of ``(batch, time, size)``; empty where it is not kept."""
        return tuple(self._state(k, self._first) for k in range(len(self._states) if self._keep else 0))

    @property
    def gates(self) -> Gates:
        """Each gate by its name, ``(batch, time, hidden)``; empty where they are not kept."""
        names = self._cell.gate_names if self._keep else ()
        return Gates({name: self._gate(name) for name in names})

    def _gate(self, name: str) -> Array:
        if name not in self._gates:
            return self._state(self._cell.state_names.index(name), self._last)
        return stacked(self._gates[name][1], self._like, self._width(name)).swapaxes(0, 1)

    def _state(self, k: int, first: int) -> Array:
        steps = self._states[k][first : first + self._time]
        return stacked(steps, self._like, self._cell.state_sizes[k]).swapaxes(0, 1)

    def _width(self, name: str) -> int:
        return self._cell.hidden_size * (len(self._cell.gate_order) if name == ARGUMENTS else 1)
