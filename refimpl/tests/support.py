"""What every test file shares: cells to try, data to try them on, and two assertions.

`CELLS` spans the equations: each cell, each reset form, each activation, each pair of biases, each further option
alone and with the others; `STACKS` the ways to build layers of them. `example` draws data in which no two numbers are
alike and hidden, input, batch and time all differ, so that a swapped gate, a transposed matrix or a mixed-up axis
cannot hide. Every number is a multiple of 1/1024, times ``scale``, hence exact in float32, in float64 and as a
fraction: the same example serves every arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from .. import GRU, LSTM, AnyRun, Cell, Gradients, Layer, Run, SimpleRNN, Stack, backward, forward
from ..rounding import RunBound, bound, bounds
from . import naive

BATCH, TIME, INPUT, HIDDEN = 4, 5, 2, 3
WIDE = 6
"""The hidden size where h is projected, to `HIDDEN`."""

AnyCell = Cell | Stack

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
    SimpleRNN(INPUT, HIDDEN, clip=0.8),  # no limit is a float32, a float16 or a bfloat16
    LSTM(INPUT, HIDDEN, output_activation="hard_sigmoid"),
    LSTM(INPUT, WIDE, proj_size=HIDDEN),
    LSTM(INPUT, HIDDEN, peepholes=True),
    LSTM(INPUT, HIDDEN, input_forget=True),
    LSTM(INPUT, HIDDEN, clip=0.7),
    LSTM(INPUT, HIDDEN, forget_bias=0.6),
    GRU(INPUT, HIDDEN, clip=0.7),
    GRU(INPUT, HIDDEN, "linear", reset_after=False, clip=0.7),
    LSTM(INPUT, WIDE, "tanh", "sigmoid", True, True, "linear", HIDDEN, peepholes=True, clip=0.9, forget_bias=0.6),
    LSTM(INPUT, WIDE, "sigmoid", "tanh", True, False, "tanh", HIDDEN, peepholes=True, input_forget=True, clip=0.9),
)

ONE_OF_EACH = (CELLS[0], CELLS[4], CELLS[10], CELLS[15])
"""For tests of the sequence, which is the same for all activations and biases."""

SHAPES_OF_CELLS = (*ONE_OF_EACH, CELLS[20], CELLS[28], CELLS[29])
"""For tests of the sequence too: also what projects, what keeps its arguments, and all of an LSTM's options."""


def both(size: int, merge: str) -> Layer:
    """Two directions of different kinds."""
    return Layer(LSTM(size, WIDE, proj_size=HIDDEN, peepholes=True), GRU(size, HIDDEN), merge)


STACKS = {
    "forward": Stack((Layer(LSTM(INPUT, HIDDEN)),)),
    "backward": Stack((Layer(backward=GRU(INPUT, HIDDEN)),)),
    "alike": Stack((Layer(GRU(INPUT, HIDDEN, reset_after=False), GRU(INPUT, HIDDEN, reset_after=False)),)),
    "concat": Stack((Layer(SimpleRNN(INPUT, WIDE), LSTM(INPUT, HIDDEN)),)),
    "sum": Stack((both(INPUT, "sum"),)),
    "mul": Stack((both(INPUT, "mul"),)),
    "ave": Stack((both(INPUT, "ave"),)),
    "two layers": Stack((Layer(LSTM(INPUT, HIDDEN, clip=0.7)), Layer(GRU(HIDDEN, WIDE)))),
    "two ways, two layers": Stack((Layer(GRU(INPUT, HIDDEN), SimpleRNN(INPUT, WIDE)), both(HIDDEN + WIDE, "mul"))),
    "three layers": Stack(
        (
            Layer(SimpleRNN(INPUT, HIDDEN), GRU(INPUT, HIDDEN, reset_after=False), "ave"),
            Layer(backward=LSTM(HIDDEN, WIDE, input_forget=True)),
            Layer(SimpleRNN(WIDE, HIDDEN, "sigmoid"), LSTM(WIDE, INPUT)),
        )
    ),
}


def short(cell: Cell) -> str:
    """A cell's name in a test's id: its kind, its activations, its options where they are set."""
    options = ("reset_after", "use_bias", "use_recurrent_bias", "peepholes", "input_forget", "clip", "forget_bias")
    flags = (name.removeprefix("use_") for name in options if getattr(cell, name, False))
    functions = (getattr(cell, name, "") for name in ("activation", "recurrent_activation", "output_activation"))
    projected = "proj" if getattr(cell, "proj_size", 0) else ""
    return "-".join(filter(None, (type(cell).__name__, *functions, *flags, projected)))


each_cell = pytest.mark.parametrize("cell", CELLS, ids=short)
one_of_each = pytest.mark.parametrize("cell", ONE_OF_EACH, ids=short)
each_shape = pytest.mark.parametrize("cell", SHAPES_OF_CELLS, ids=short)
each_stack = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
each_seed = pytest.mark.parametrize("seed", range(3))
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


@dataclass(frozen=True)
class Example:
    """A cell or a stack, all that goes into it, and cotangents of all that comes out."""

    case: str
    cell: AnyCell
    params: dict[str, Any]
    x: Any
    initial_state: tuple[Any, ...]
    d_outputs: Any
    d_state: tuple[Any, ...]


def example(
    cell: AnyCell,
    seed: int,
    *,
    batch: int = BATCH,
    time: int = TIME,
    scale: float = 1.0,
    dtype: Any = np.float64,
) -> Example:
    """Numbers in ±1, times ``scale`` (a power of two) for parameters, input and state; none occurs twice."""
    shapes = cell.parameter_shapes
    states = [(batch, size) for size in cell.state_sizes]
    sizes = [*shapes.values(), (batch, time, cell.input_size), *states]
    cotangents = [(batch, time, cell.output_size), *states]
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


def factors_of(
    cell: AnyCell, seed: int, *, a_gate: bool = False, batch: int = BATCH, time: int = TIME, dtype: Any = np.float64
) -> dict[str, Any]:
    """Factors of dropout for all that may have some, one a gate where wanted: a third of them 0, no others alike."""
    shapes: dict[str, tuple[int, ...]] = {}
    for where, each in named_cells(cell):
        gates = (len(each.gate_order),) if a_gate else ()
        shapes[f"{where}input"] = (*gates, batch, each.input_size)
        shapes[f"{where}recurrent"] = (*gates, batch, each.output_size)
    if isinstance(cell, Stack):
        shapes |= {f"l{k}.between": (batch, time, layer.input_size) for k, layer in enumerate(cell.layers) if k}
    rng = np.random.default_rng(seed)
    numbers = rng.choice(np.arange(128, 2048), sum(int(np.prod(s)) for s in shapes.values()), replace=False) / 512
    numbers[::3] = 0
    drawn = np.split(numbers, np.cumsum([np.prod(s) for s in shapes.values()]).astype(int))
    return {n: a.reshape(s).astype(dtype) for (n, s), a in zip(shapes.items(), drawn, strict=False)}


def named_cells(cell: AnyCell) -> list[tuple[str, Cell]]:
    """A stack's cells after what their names begin with; a cell after nothing."""
    if not isinstance(cell, Stack):
        return [("", cell)]
    each = [(f"l{k}{d}.", c) for k, x in enumerate(cell.layers) for d, c in (("", x.forward), ("_reverse", x.backward))]
    return [(where, found) for where, found in each if found is not None]


def run(e: Example, **options: Any) -> AnyRun:
    return forward(e.cell, e.params, e.x, e.initial_state, **options)


def run_of_cell(e: Example, **options: Any) -> Run:
    found = run(e, **options)
    assert isinstance(found, Run)
    return found


def in_dtype(e: Example, dtype: Any) -> Example:
    """The example in another dtype."""
    return replace(
        e,
        params={name: a.astype(dtype) for name, a in e.params.items()},
        x=e.x.astype(dtype),
        initial_state=tuple(part.astype(dtype) for part in e.initial_state),
        d_outputs=e.d_outputs.astype(dtype),
        d_state=tuple(d.astype(dtype) for d in e.d_state),
    )


def both_ways(e: Example, **options: Any) -> tuple[AnyRun, Gradients]:
    over = run(e, **options)
    return over, backward(over, e.d_outputs[:, : over.outputs.shape[1]], e.d_state)


Parts = dict[str, Any]


def parts(result: AnyRun | RunBound | Gradients) -> Parts:
    """Every array of a result, or of its bound, under the name by which a reader would reach it."""
    if isinstance(result, Gradients):
        named = {f"params[{name!r}]": d for name, d in result.params.items()}
        return named | {"x": result.x} | _numbered("initial_state", result.initial_state)
    gates = {f"gates[{name!r}]": gate for name, gate in result.gates.items()}
    return {"outputs": result.outputs} | _numbered("state", result.state) | gates


def bounds_of(over: AnyRun, dtype: Any, d_outputs: Any, d_state: Any) -> Parts:
    """The bound on every array of a run, and on every gradient of these cotangents."""
    of_run, of_gradients = bounds(over, dtype, d_outputs, d_state)
    return parts(of_run) | parts(of_gradients)


def assert_follows_the_textbook(e: Example, dropout: dict[str, Any] | None = None) -> None:
    """A forward run gives what `naive` gives; both round, each within its bound."""
    over = run(e, dropout=dropout)
    outputs, state, gates = naive.run(e.cell, e.params, e.x, e.initial_state, dropout)
    if "a" not in over.gates:
        del gates["a"]  # arguments are kept only where a derivative needs them
    expected = {"outputs": outputs} | _numbered("state", state)
    expected |= {f"gates[{name!r}]": gate for name, gate in gates.items()}
    rounding = parts(bound(over, np.float64))
    assert_within(f"{e.case} {dropout and [*dropout]}", parts(over), expected, rounding, rounding)


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


def assert_near(got: Any, expected: Any, digits: int = 5) -> None:
    """Numbers that are no quantities of a run, such as deviations and probabilities, agree to so many digits."""
    expected = np.broadcast_to(expected, np.shape(got))
    assert_within("", {"": got}, {"": expected}, {"": np.abs(expected) * 10.0**-digits})


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
