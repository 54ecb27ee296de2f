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

_LEAST_LEARNED, _MOST_LEARNED = 2**17, 2**25 - 2**13
"""From how many bytes on, and up to how many, glibc learns from a block that is freed."""


def pieces(cell: Cell, x: Array) -> list[slice]:
    """The time steps, several at a time; all at once for arrays that carry their own arithmetic."""
    batch, time, _ = x.shape
    if not isinstance(x, np.ndarray):
        return [slice(None)]
    rows = max(_ROWS, _CACHED // (len(cell.gate_order) * cell.hidden_size))
    steps = max(1, rows // max(1, batch))
    return [slice(t, min(t + steps, time)) for t in range(0, max(1, time), steps)]


def _expect(cell: Cell, x: Array, width: int, keep: bool) -> None:
    """Has the C library keep, for the next call, the memory that this one will free.

    glibc gives memory back to the system where more is free than twice the largest block that was ever freed
    (`mallopt(3)`, M_MMAP_THRESHOLD), and the next call gets it anew, page by page: half of the time of an LSTM of 50
    steps, 32 rows and 32 units. So a block is freed that was never touched, as large as half of what a run takes:
    ``width`` numbers a row and step and, where it is kept for the adjoint, its gates and some pieces.
    """
    rows, columns = x.shape[0] * x.shape[1], len(cell.gate_order) * cell.hidden_size
    piece = columns * min(rows, max(_ROWS, _CACHED // columns))
    size = (rows * width + piece + (rows * columns + 3 * piece if keep else 0)) * x.itemsize
    if size > _LEAST_LEARNED:
        np.empty(min(size, _MOST_LEARNED), np.uint8)


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
    if isinstance(steps[0], np.ndarray):  # which is stacked faster end to end
        return np.concatenate(steps).reshape(len(steps), like.shape[0], features)
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
        if isinstance(self._like, np.ndarray):
            _expect(cell, x, sum(sizes) if keep else cell.output_size if outputs else 0, keep)
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
        after = t + self._last
        for k, kept in enumerate(self._states):
            kept[after] = state[k]
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
