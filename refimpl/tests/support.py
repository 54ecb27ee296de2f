"""What every test file shares: cells to try, data to try them on, and two assertions.

`CELLS` spans the equations: each cell, each reset form, each activation, each pair of biases. `example` draws
data in which no two numbers are alike and hidden, input, batch and time all differ, so that a swapped gate, a
transposed matrix or a mixed-up axis cannot hide. Every number is a multiple of 1/1024, times ``scale``, hence
exact in float32, in float64 and as a fraction: the same example serves every arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, Cell, Gradients, Run, SimpleRNN
from ..rounding import RunBound

BATCH, TIME, INPUT, HIDDEN = 4, 5, 2, 3

CELLS: tuple[Cell, ...] = (
    SimpleRNN(INPUT, HIDDEN),
    SimpleRNN(INPUT, HIDDEN, activation="relu", use_recurrent_bias=True),
    SimpleRNN(INPUT, HIDDEN, activation="linear", use_bias=False),
    SimpleRNN(INPUT, HIDDEN, activation="hard_sigmoid", use_bias=False, use_recurrent_bias=True),
    LSTM(INPUT, HIDDEN),
    LSTM(INPUT, HIDDEN, use_bias=False),
    LSTM(INPUT, HIDDEN, use_recurrent_bias=True),
    LSTM(INPUT, HIDDEN, activation="sigmoid", recurrent_activation="tanh"),
    LSTM(INPUT, HIDDEN, "relu", "hard_sigmoid", use_recurrent_bias=True),
    LSTM(INPUT, HIDDEN, "linear", "hard_sigmoid_keras2", use_bias=False, use_recurrent_bias=True),
    GRU(INPUT, HIDDEN),
    GRU(INPUT, HIDDEN, use_bias=False, use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, "sigmoid", "tanh", use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, "relu", "hard_sigmoid", use_bias=False),
    GRU(INPUT, HIDDEN, "linear", "hard_sigmoid_keras2"),
    GRU(INPUT, HIDDEN, reset_after=False),
    GRU(INPUT, HIDDEN, reset_after=False, use_bias=False, use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, "sigmoid", "tanh", reset_after=False, use_recurrent_bias=False),
    GRU(INPUT, HIDDEN, "relu", "hard_sigmoid", reset_after=False, use_bias=False),
    GRU(INPUT, HIDDEN, "linear", "hard_sigmoid_keras2", reset_after=False),
)

ONE_OF_EACH = (CELLS[0], CELLS[4], CELLS[10], CELLS[15])
"""For tests of the sequence, which is the same for all activations and biases."""


def short(cell: Cell) -> str:
    """A cell's name in a test's id: its kind, its activations, its options where they are set."""
    names = (type(cell).__name__, "reset_after", "use_bias", "use_recurrent_bias")
    flags = (name.removeprefix("use_") for name in names[1:] if getattr(cell, name, False))
    phi, sigma = getattr(cell, "activation", ""), getattr(cell, "recurrent_activation", "")
    return "-".join(filter(None, (names[0], phi, sigma, *flags)))


each_cell = pytest.mark.parametrize("cell", CELLS, ids=short)
one_of_each = pytest.mark.parametrize("cell", ONE_OF_EACH, ids=short)
each_seed = pytest.mark.parametrize("seed", range(3))
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


@dataclass(frozen=True)
class Example:
    """A cell, all that goes into it, and cotangents of all that comes out."""

    case: str
    cell: Cell
    params: dict[str, Any]
    x: Any
    initial_state: tuple[Any, ...]
    d_outputs: Any
    d_state: tuple[Any, ...]


def example(
    cell: Cell,
    seed: int,
    *,
    batch: int = BATCH,
    time: int = TIME,
    scale: float = 1.0,
    dtype: Any = np.float64,
) -> Example:
    """Numbers in ±1, times ``scale`` (a power of two) for parameters, input and state; none occurs twice."""
    shapes = cell.parameter_shapes
    state, states = (batch, cell.hidden_size), len(cell.state_names)
    sizes = [*shapes.values(), (batch, time, cell.input_size), *[state] * states]
    cotangents = [(batch, time, cell.hidden_size), *[state] * states]
    total = sum(int(np.prod(shape)) for shape in sizes + cotangents)
    numbers = np.random.default_rng(seed).choice(np.arange(-1024, 1024), total, replace=False)
    drawn = iter(np.split(numbers / 1024, np.cumsum([np.prod(s) for s in sizes + cotangents])))
    scaled = [(next(drawn) * scale).reshape(shape).astype(dtype) for shape in sizes]
    plain = [next(drawn).reshape(shape).astype(dtype) for shape in cotangents]
    inputs = scaled[len(shapes) :]
    return Example(
        f"{cell} seed={seed} batch={batch} time={time} scale={scale:g} {np.dtype(dtype)}",
        cell,
        dict(zip(shapes, scaled, strict=False)),
        inputs[0],
        tuple(inputs[1:]),
        plain[0],
        tuple(plain[1:]),
    )


Parts = dict[str, Any]


def parts(result: Run | RunBound | Gradients) -> Parts:
    """Every array of a result, or of its bound, under the name by which a reader would reach it."""
    if isinstance(result, Gradients):
        named = {f"params[{name!r}]": d for name, d in result.params.items()}
        return named | {"x": result.x} | _numbered("initial_state", result.initial_state)
    gates = {f"gates[{name!r}]": gate for name, gate in result.gates.items()}
    return {"outputs": result.outputs} | _numbered("state", result.state) | gates


def _numbered(name: str, arrays: tuple[Any, ...]) -> Parts:
    return {f"{name}[{k}]": array for k, array in enumerate(arrays)}


def assert_within(case: str, got: Mapping[str, Any], expected: Mapping[str, Any], *bounds: Mapping[str, Any]) -> None:
    """Every element of every part is at most the sum of the bounds from the expected one."""
    assert got.keys() == expected.keys(), f"{case}: parts {list(expected)}, got {list(got)}"
    for name in expected:
        _compare(case, name, got[name], expected[name], sum(bound[name] for bound in bounds))


def assert_same(case: str, got: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Every element of every part equals the expected one exactly; 0 and -0 are equal, NaN is not."""
    assert_within(case, got, expected, {name: 0.0 for name in expected})


def _compare(case: str, name: str, got: Any, expected: Any, bound: Any) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{case}: {name}: expected shape {expected.shape}, got {got.shape}"
    bound = np.broadcast_to(np.asarray(bound, np.float64), got.shape)
    sound = (bound >= 0) & np.isfinite(bound)
    assert sound.all(), f"{case}: {name}: expected bounds finite and not negative, got {bound[~sound]}"
    if got.dtype != object and expected.dtype != object:  # float32 beside float64: no rounding
        got, expected = got.astype(np.float64), expected.astype(np.float64)
    error = np.abs(got - expected)
    off = np.asarray(~(error <= bound).astype(bool))  # not `>`: NaN is off
    if not off.any():
        return
    with np.errstate(all="ignore"):
        ratio = np.asarray(error, np.float64) / bound
    worst = np.argmax(np.where(off, np.nan_to_num(ratio, nan=np.inf), -1.0))
    where = tuple(int(k) for k in np.unravel_index(worst, off.shape))
    pytest.fail(
        f"{case}: {name}{list(where)}: expected {_shown(expected[where])}, "
        f"got {_shown(got[where])}; "
        f"off by {float(error[where]):.3g}, bound {bound[where]:.3g}, ratio {ratio[where]:.3g}; "
        f"{int(off.sum())} of {off.size} elements are off"
    )


def _shown(number: Any) -> str:
    """With all its digits, unless it is a fraction of hundreds of them."""
    return str(number) if isinstance(number, np.floating) else repr(float(number))
