"""The parameters of a cell: their names, their shapes, fresh values.

====================  ==========================  =====================================
name                  shape                       present
====================  ==========================  =====================================
``kernel``            (input, gates * hidden)     always
``recurrent_kernel``  (hidden, gates * hidden)    always
``bias``              (gates * hidden,)           where ``use_bias``
``recurrent_bias``    (gates * hidden,)           where ``use_recurrent_bias``
====================  ==========================  =====================================

The gates stand side by side in the cell's ``gate_order``.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from . import activations
from .activations import Array
from .errors import InvalidArgument

Parameters = dict[str, Array]
State = tuple[Array, ...]


class Gates(dict[str, Array]):
    """A cell's intermediates by name; an unknown name is an `InvalidArgument`."""

    def __missing__(self, name: str) -> Array:
        raise InvalidArgument("gate", expected=f"one of {', '.join(self)}", got=repr(name))


class Cell(Protocol):
    """What `sequence` asks of a cell: one step, its adjoint, and the names of things.

    All arrays of a step are ``(batch, features)``; ``projected`` is ``x_t @ kernel + bias``.
    """

    @property
    def input_size(self) -> int: ...
    @property
    def hidden_size(self) -> int: ...
    @property
    def gate_order(self) -> tuple[str, ...]: ...
    @property
    def gate_names(self) -> tuple[str, ...]: ...
    @property
    def state_names(self) -> tuple[str, ...]: ...
    @property
    def use_bias(self) -> bool: ...
    @property
    def use_recurrent_bias(self) -> bool: ...
    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]: ...

    def init(self, rng: np.random.Generator, dtype: Any = ...) -> Parameters: ...

    def step(self, params: Parameters, projected: Array, state: State) -> tuple[State, Gates]:
        """The state after the step, and the gates."""
        ...

    def adjoint(self, params: Parameters, gates: Gates, state: State, d_state: State) -> tuple[Array, Array, State]:
        """From the state before the step and the cotangent of the state after it: the cotangents of
        ``projected``, of ``h @ recurrent_kernel + recurrent_bias``, and of the state before."""
        ...

    def recurrent_kernel_gradient(self, gates: Gates, h: Array, d_recurrent: Array) -> Array:
        """The recurrent kernel's gradient over all steps, from ``h`` before each step."""
        ...


def shapes(cell: Cell) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter of the cell, by name."""
    columns = len(cell.gate_order) * cell.hidden_size
    found: dict[str, tuple[int, ...]] = {
        "kernel": (cell.input_size, columns),
        "recurrent_kernel": (cell.hidden_size, columns),
    }
    if cell.use_bias:
        found["bias"] = (columns,)
    if cell.use_recurrent_bias:
        found["recurrent_bias"] = (columns,)
    return found


def uniform(cell: Cell, rng: np.random.Generator, dtype: Any) -> Parameters:
    """Every parameter uniform on ±1/sqrt(hidden), as PyTorch initialises its recurrent layers."""
    if not isinstance(rng, np.random.Generator):
        raise InvalidArgument("rng", expected="a numpy.random.Generator", got=repr(rng))
    if dtype not in (np.float64, np.float32):
        raise InvalidArgument("dtype", expected="float64 or float32", got=repr(dtype))
    limit = 1 / np.sqrt(cell.hidden_size)
    return {name: rng.uniform(-limit, limit, shape).astype(dtype) for name, shape in shapes(cell).items()}


def check_cell(cell: Cell) -> None:
    """Refuses sizes that are not positive integers, flags that are not bool, unknown activations."""
    for name in ("input_size", "hidden_size"):
        size = getattr(cell, name)
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise InvalidArgument(name, expected="a positive integer", got=repr(size))
    for name in ("use_bias", "use_recurrent_bias", "reset_after"):
        flag = getattr(cell, name, False)
        if not isinstance(flag, bool):
            raise InvalidArgument(name, expected="True or False", got=repr(flag))
    for name in ("activation", "recurrent_activation"):
        activations.named(getattr(cell, name, "linear"), argument=name)
