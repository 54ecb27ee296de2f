"""Hypothesis strategies that draw cases.

What Hypothesis draws, and so shrinks, is small: sizes, options, magnitudes, which arrays are given, a seed. The
numbers follow from the seed. Within an array no two have the same absolute value, so that every gate, row and
column differs from every other: constant or symmetric weights hide exchanged gates and transposed kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .cases import CELLS, Array, Case

_BOUNDED = ("tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
_ORDINARY = 0.5
_MAGNITUDES = (_ORDINARY, 2.0, 1e-3, 1e-12, 40.0)  # from shrinking's favourite to tiny and saturating
_TAME = (_ORDINARY, 1e-3, 1e-12)  # where no activation holds the recurrence in bounds


def distinct(rng: np.random.Generator, shape: Sequence[int], scale: float, plain: bool) -> Array:
    """Values in ±scale, no two of the same absolute value; ``plain`` ones have few digits."""
    size = int(np.prod(shape))
    steps = np.arange(1, size + 1, dtype=np.float64)
    if not plain:
        steps -= rng.uniform(0, 0.9, size)
    values = rng.permutation(steps) / max(size, 1) * rng.choice([-1.0, 1.0], size)
    if plain:
        values = np.round(values, max(2, len(str(size))))
    return np.asarray(values * scale).reshape(tuple(shape))


@st.composite
def cells(draw: st.DrawFn, entries: Sequence[Mapping[str, Any]]) -> Any:
    """A cell from an implementation's ``cells``: an entry, then a value of each of its options."""
    entry = draw(st.sampled_from(list(entries)))
    options = {
        name: draw(st.sampled_from(list(values)), label=name) for name, values in entry.items() if name != "kind"
    }
    input_size = draw(st.integers(1, 6), label="input_size")
    hidden_size = draw(st.integers(1, 9), label="hidden_size")
    return CELLS[entry["kind"]](input_size, hidden_size, **options)


@st.composite
def cases(
    draw: st.DrawFn,
    entries: Sequence[Mapping[str, Any]],
    dtype: str = "float64",
    max_time: int = 20,
) -> Case:
    """A case of one of these cells in that dtype, with or without initial state and cotangents."""
    cell = draw(cells(entries))
    batch = draw(st.integers(1, 4), label="batch")
    time = draw(st.integers(1, max_time), label="time")
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    plain = not draw(st.booleans(), label="full mantissas")
    anywhere = _MAGNITUDES if _bounded(cell, "recurrent_activation") else _TAME  # gates multiply
    recurrent = _MAGNITUDES if _bounded(cell, "activation") else _TAME

    def array(shape: Sequence[int], magnitudes: Sequence[float], label: str) -> Array:
        scale = draw(st.sampled_from(magnitudes), label=label)
        return distinct(rng, shape, scale, plain).astype(dtype)

    params = {}
    for name, shape in cell.parameter_shapes.items():
        allowed = _TAME if name == "recurrent_kernel" and recurrent is _TAME else anywhere
        params[name] = array(shape, allowed, f"magnitude of {name}")
        if name == "recurrent_kernel" and allowed is _TAME:
            params[name] /= np.asarray(cell.hidden_size, dtype)
    x = array((batch, time, cell.input_size), anywhere, "magnitude of x")
    state_shape, names = (batch, cell.hidden_size), cell.state_names
    initial_state = None
    if draw(st.booleans(), label="initial state given"):
        initial_state = tuple(array(state_shape, (_ORDINARY, 2.0, 1e-3), f"magnitude of {n}") for n in names)
    cotangents = [draw(st.booleans(), label=f"cotangent of {n}") for n in ("outputs", *names)]
    d_outputs = array((batch, time, cell.hidden_size), (1.0, 1e-6), "d_outputs") if cotangents[0] else None
    d_state = tuple(
        array(state_shape, (1.0, 1e-6), f"d_{n}") if given else None
        for n, given in zip(names, cotangents[1:], strict=True)
    )
    return Case(cell, params, x, initial_state, d_outputs, d_state if any(cotangents[1:]) else None)


def entries_for(
    implementation_cells: Sequence[Mapping[str, Any]], kind: str, options: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """The entries of one kind of cell, narrowed to the given values of some options."""
    narrowed: list[Mapping[str, Any]] = []
    for entry in implementation_cells:
        complete = _defaults(entry["kind"]) | dict(entry)
        if entry["kind"] == kind and all(value in complete[key] for key, value in options.items()):
            narrowed.append(dict(entry) | {key: (value,) for key, value in options.items()})
    return narrowed


def accepts(implementation_cells: Sequence[Mapping[str, Any]], cell: Any) -> bool:
    """Whether the implementation says that it has this cell."""
    options = {f.name: getattr(cell, f.name) for f in fields(cell) if not f.name.endswith("_size")}
    return bool(entries_for(implementation_cells, type(cell).__name__, options))


def _defaults(kind: str) -> dict[str, tuple[Any, ...]]:
    return {f.name: (f.default,) for f in fields(CELLS[kind]) if not f.name.endswith("_size")}


def _bounded(cell: Any, name: str) -> bool:
    """Whether the cell's activation of that name keeps what it is applied to in bounds."""
    return getattr(cell, name, "sigmoid") in _BOUNDED
