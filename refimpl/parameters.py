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

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from . import activations, initializers
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


def check_cell(cell: Cell) -> None:
    """Refuses sizes that are not positive integers, flags that are not bool, unknown activations, limits below 0."""
    for name in ("input_size", "hidden_size"):
        check_size(name, getattr(cell, name))
    projection = getattr(cell, "proj_size", 0)
    check_size("proj_size", projection, least=0, expected="an integer from 0 (none) to hidden_size - 1")
    if projection >= cell.hidden_size:
        raise InvalidArgument("proj_size", expected=f"less than hidden_size={cell.hidden_size}", got=repr(projection))
    for name in ("use_bias", "use_recurrent_bias", "reset_after", "peepholes", "input_forget"):
        check_flag(name, getattr(cell, name, False))
    for name in ("activation", "recurrent_activation", "output_activation"):
        if hasattr(cell, name) and (name, getattr(cell, name)) != ("output_activation", None):
            activations.named(getattr(cell, name), argument=name)
    clip = getattr(cell, "clip", None)
    if clip is not None and not (is_number(clip) and 0 < clip < np.inf):
        raise InvalidArgument("clip", expected="None or a positive finite number", got=repr(clip))
    forget_bias = getattr(cell, "forget_bias", 0.0)
    if not (is_number(forget_bias) and np.isfinite(forget_bias)):
        raise InvalidArgument("forget_bias", expected="a finite number", got=repr(forget_bias))
    for name in ("clip", "forget_bias"):
        if getattr(cell, name, None) is not None:  # a float64 of NumPy's would turn float32 into float64
            object.__setattr__(cell, name, float(getattr(cell, name)))


def check_size(name: str, size: Any, *, least: int = 1, expected: str = "a positive integer") -> None:
    """Refuses what is no integer, or less than the least."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < least:
        raise InvalidArgument(name, expected=expected, got=repr(size))


def check_flag(name: str, value: Any) -> None:
    """Refuses what is neither True nor False."""
    if not isinstance(value, bool):
        raise InvalidArgument(name, expected="True or False", got=repr(value))


def is_number(value: Any) -> bool:
    """Whether it is a real number, and no bool."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
