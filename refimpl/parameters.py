"""What every cell has: its parameters by name and shape, the gates, fresh values.

=====================  ===========================  ==========================================
name                   shape                        present
=====================  ===========================  ==========================================
``kernel``             (input, gates * hidden)      always
``recurrent_kernel``   (output, gates * hidden)     always; output is hidden, or proj_size
``bias``               (gates * hidden,)            where ``use_bias``
``recurrent_bias``     (gates * hidden,)            where ``use_recurrent_bias``
``peepholes``          (3 * hidden,), i f o         an LSTM's, where ``peepholes``
``projection_kernel``  (hidden, proj_size)          an LSTM's, where ``proj_size``
=====================  ===========================  ==========================================

The gates stand side by side in the cell's ``gate_order``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from . import activations, checks, initializers
from .activations import Activation
from .arrays import Array
from .errors import InvalidArgument
from .linear import Factors, blocks

Parameters = dict[str, Array]
State = tuple[Array, ...]
Kept = tuple[Any, ...]
"""What is kept of a step, or of all steps: the gates in the order of ``cell.gate_names``; or `Cell.slopes`."""

ARGUMENTS = "a"  # the name under which a run keeps the activations' arguments, where their derivatives need them


class Gates(dict[str, Array]):
    """A cell's intermediates by name; an unknown name is an `InvalidArgument`."""

    def __missing__(self, name: str) -> Array:
        raise InvalidArgument("gate", expected=f"one of {', '.join(self)}", got=repr(name))


class StepCotangents(NamedTuple):
    """What a step's adjoint finds for the sums over all steps: the cotangents of ``x W + b``, of ``h U + β``, and,
    where the hidden state is a projection, of the hidden state after the step."""

    projected: Array
    recurrent: Array
    output: Array | None = None


Step = Callable[[Array, State], tuple[State, Kept]]
Adjoint = Callable[[Kept, State], tuple[StepCotangents, State]]


class Cell(Protocol):
    """What `sequence` asks of a cell: one step, its adjoint, and the names of things.

    All arrays of a step are ``(batch, features)``, those of several steps ``(time, batch, features)``; ``factors`` are
    those of recurrent dropout (`linear`).
    """

    @property
    def input_size(self) -> int: ...
    @property
    def hidden_size(self) -> int: ...
    @property
    def output_size(self) -> int: ...
    @property
    def gate_order(self) -> tuple[str, ...]: ...
    @property
    def gate_names(self) -> tuple[str, ...]: ...
    @property
    def state_names(self) -> tuple[str, ...]: ...
    @property
    def state_sizes(self) -> tuple[int, ...]: ...
    @property
    def use_bias(self) -> bool: ...
    @property
    def use_recurrent_bias(self) -> bool: ...
    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]: ...

    def init(self, rng: np.random.Generator, dtype: Any = ...) -> Parameters: ...

    def step(self, params: Parameters, factors: Factors = None) -> Step:
        """The function of one step: from ``x_t @ kernel + bias`` and the state before, that after and the gates."""
        ...

    def slopes(self, gates: Kept, before: State) -> Kept:
        """What the adjoints of several steps multiply cotangents with: slopes of activations, and what they met."""
        ...

    def adjoint(self, params: Parameters, factors: Factors = None) -> Adjoint:
        """The function of one step's adjoint: from its slopes and the cotangent of the state after it, what the sums
        over all steps need, and the cotangent of the state before."""
        ...

    def gradients(self, gates: Kept, before: State, cotangents: StepCotangents, factors: Factors = None) -> Parameters:
        """The gradients of all parameters but ``kernel`` and the biases: sums over several steps."""
        ...


def shapes(cell: Cell) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter that every kind of cell has, by name."""
    columns = len(cell.gate_order) * cell.hidden_size
    found: dict[str, tuple[int, ...]] = {
        "kernel": (cell.input_size, columns),
        "recurrent_kernel": (cell.output_size, columns),
    }
    if cell.use_bias:
        found["bias"] = (columns,)
    if cell.use_recurrent_bias:
        found["recurrent_bias"] = (columns,)
    return found


def uniform(cell: Cell, rng: np.random.Generator, dtype: Any) -> Parameters:
    """Every parameter uniform on ±1/sqrt(hidden), as PyTorch initialises its recurrent layers."""
    limit = float(1 / np.sqrt(cell.hidden_size))
    return {name: initializers.uniform(rng, shape, limit, dtype) for name, shape in cell.parameter_shapes.items()}


def activation(cell: Any, name: str) -> Activation:
    """The cell's activation of that name, its argument clipped where the cell has a ``clip``."""
    return _activation(getattr(cell, name), name, cell.clip)


@lru_cache(maxsize=256)  # every step asks for it
def _activation(name: str, argument: str, limit: float | None) -> Activation:
    found = activations.named(name, argument=argument)
    return found if limit is None else activations.clipped(found, limit)


def kept_names(gates: tuple[str, ...], *used: Activation) -> tuple[str, ...]:
    """The names of what a step keeps: the gates, and the arguments where these activations' derivatives need them."""
    return (*gates, ARGUMENTS) if need_arguments(*used) else gates


def need_arguments(*used: Activation) -> bool:
    """Whether the derivative of one of these activations needs its argument."""
    return any(φ.needs_argument for φ in used)


def arguments(kept: Kept, count: int) -> Sequence[Array | None]:
    """The arguments of the activations, one a gate, from what is kept after the gates; None where they were not."""
    return blocks(kept[0], count) if kept else (None,) * count


def activation_name(argument: str, value: Any) -> str:
    """The check of an activation's name (`checks`)."""
    activations.named(value, argument=argument)
    return str(value)


def projected_size(argument: str, value: Any) -> int:
    """The check of a projection's size; 0 is none."""
    return checks.count(argument, value, expected="an integer from 0 (none) to hidden_size - 1")


def limit(argument: str, value: Any) -> float | None:
    """The check of what an activation's argument is clipped to, if it is."""
    expected = "None or a positive finite number"
    return None if value is None else checks.number(argument, value, least=math.ulp(0.0), expected=expected)
