"""From a choice of options to a case: what all families share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import refimpl as ri

from ...contract import Array, Case
from .seeded_numbers import SeededNumbers

KINDS = {"simple-rnn": ri.SimpleRNN, "lstm": ri.LSTM, "gru-after": ri.GRU, "gru-before": ri.GRU}
ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "hard_sigmoid_keras2")
_BOUNDED = ("tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")

Sizes = tuple[int, int, int, int]  # batch, time, input, hidden

SIZES: tuple[Sizes, ...] = (  # all different, so that no two axes can be exchanged unseen
    (2, 4, 1, 3),
    (1, 5, 4, 3),
    (2, 5, 4, 3),
    (3, 4, 1, 2),
    (3, 5, 2, 4),
    (1, 6, 2, 3),
    (4, 5, 3, 2),
)


@dataclass(frozen=True)
class Magnitudes:
    """The greatest absolute value of each array, and where the biases are centred."""

    kernel: float = 1.0
    recurrent_kernel: float = 0.8
    bias: float = 0.5
    x: float = 1.0
    state: float = 0.7
    cotangent: float = 1.0
    bias_centre: float = 0.0


ORDINARY = Magnitudes()
CLIPPING = Magnitudes(kernel=2.5, recurrent_kernel=1.5, bias=2.0, x=2.0, state=1.5)
"""Wide enough that hard sigmoids are clipped at both ends, and relu at its one."""


def cell_factors(kind: str) -> dict[str, tuple[Any, ...]]:
    """Every option of the cell with its values, by the name that the cell gives it."""
    factors: dict[str, tuple[Any, ...]] = {"activation": ACTIVATIONS}
    if kind != "simple-rnn":
        factors["recurrent_activation"] = ACTIVATIONS
    return factors | {"use_bias": (True, False), "use_recurrent_bias": (True, False)}


def data_factors(kind: str) -> dict[str, tuple[Any, ...]]:
    """What can be given or left out beside the cell's options: the initial state and each cotangent."""
    cotangents: tuple[tuple[str, ...], ...] = ((), ("outputs",), ("h",), ("outputs", "h"))
    if kind == "lstm":
        cotangents += (("c",), ("outputs", "h", "c"))
    return {"initial": (True, False), "cotangents": cotangents}


def sizes_for(number: int, *, several_rows: bool) -> Sizes:
    """The sizes of the case of that number, in turn; ``several_rows``: a mask that differs by row takes a batch."""
    allowed = [sizes for sizes in SIZES if sizes[0] > 1 or not several_rows]
    return allowed[number % len(allowed)]


def make_cell(kind: str, input_size: int, hidden_size: int, options: Mapping[str, Any]) -> Any:
    reset = {"reset_after": kind == "gru-after"} if kind.startswith("gru") else {}
    return KINDS[kind](input_size, hidden_size, **options, **reset)


def make_case(
    kind: str,
    options: Mapping[str, Any],
    sizes: Sizes,
    values: SeededNumbers,
    *,
    initial: bool,
    cotangents: tuple[str, ...],
    magnitudes: Magnitudes = ORDINARY,
    **sequence: Any,
) -> Case:
    """A case of one cell with every array drawn in turn; ``sequence`` has mask, lengths, reverse, masked_output."""
    batch, time, inputs, hidden = sizes
    cell = make_cell(kind, inputs, hidden, options)
    return case_of(
        cell, batch, time, values, initial=initial, cotangents=cotangents, magnitudes=magnitudes, sequence=sequence
    )


def case_of(
    cell: Any,
    batch: int,
    time: int,
    values: SeededNumbers,
    *,
    initial: bool,
    cotangents: tuple[str, ...],
    magnitudes: Magnitudes = ORDINARY,
    sequence: Mapping[str, Any],
) -> Case:
    """A case of a cell or a stack with every array drawn in turn; of states, ``cotangents`` names h or c."""
    magnitude = {
        "kernel": magnitudes.kernel,
        "recurrent_kernel": magnitudes.recurrent_kernel,
        "bias": magnitudes.bias,
        "recurrent_bias": magnitudes.bias,
        "peepholes": magnitudes.recurrent_kernel,
        "projection_kernel": magnitudes.kernel,
    }
    params: dict[str, Array] = {}
    for name, shape in cell.parameter_shapes.items():
        own = name.rpartition(".")[2]
        centre = magnitudes.bias_centre if own == "bias" else 0.0
        params[name] = values.array(shape, magnitude[own], centre)
    x = values.array((batch, time, cell.input_size), magnitudes.x)
    states = [
        (name.rpartition(".")[2], (batch, size)) for name, size in zip(cell.state_names, cell.state_sizes, strict=True)
    ]
    initial_state = tuple(values.array(shape, magnitudes.state) for _, shape in states) if initial else None
    case = Case(cell, params, x, initial_state, **sequence)
    d_outputs = values.array(case.outputs_shape, magnitudes.cotangent) if "outputs" in cotangents else None
    d_state = tuple(values.array(shape, magnitudes.cotangent) if name in cotangents else None for name, shape in states)
    return case.replace(d_outputs=d_outputs, d_state=None if all(d is None for d in d_state) else d_state)


def bounded(options: Mapping[str, Any]) -> bool:
    """Whether no activation lets the state grow without limit."""
    return all(options.get(name, "tanh") in _BOUNDED for name in ("activation", "recurrent_activation"))


def magnitudes_for(options: Mapping[str, Any], index: int) -> Magnitudes:
    """Ordinary magnitudes, and every other time wide ones where the activations keep the state in bounds."""
    return CLIPPING if index % 2 and bounded(options) else ORDINARY


def make_mask(pattern: str, batch: int, time: int, values: SeededNumbers) -> Array:
    """``(batch, time)``: right, left or scattered padding, each row another, or a first row that is all masked."""
    if pattern == "right":
        return np.arange(time) < np.array([time - 1 - b % time for b in range(batch)])[:, None]
    if pattern == "left":
        return np.arange(time) >= np.array([1 + b % time for b in range(batch)])[:, None]
    mask = np.array([[values.chance(0.6) for _ in range(time)] for _ in range(batch)])
    mask[:, 0], mask[:, 1] = True, False  # something to repeat, and a step that repeats it
    if pattern == "a row without steps":
        mask[0] = False
    return mask
