"""A recurrent layer between its framework's arrays and the oracle's, in each framework's axes and order.

==========  ==================================================  ========================================================
convention  what goes in, by role                               what comes out
==========  ==================================================  ========================================================
keras       ``x`` (batch, time, input), ``mask`` (batch, time)  outputs, all steps' or the last; with ``return_state`` h
            bool, ``initial_state.k`` (batch, size)             and c of each direction; ``unmerged``: two outputs
onnx        ``x`` (time, batch, input), ``lengths`` (batch),    Y (time, direction, batch, hidden), Y_h and Y_c
            ``initial_h``, ``initial_c``; layout 1 batch first  (direction, batch, hidden)
loop        ``x`` (time, batch, input), ``mask`` (time, batch,  outputs, all steps' or the last, time first; h and c
            1) bool, ``initial_state.k`` (batch, size)
pytorch     ``x`` as ``batch_first`` says, ``initial_h``,       output, h_n and c_n (layers * directions, batch, size)
            ``initial_c``
==========  ==================================================  ========================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.layouts import onnx, pytorch
from refimpl.stack import Stack

from ...contract import Array
from .model import Recurrent

LAST_STEP_FIRST = ("keras", "loop")
"""The conventions in which a layer that runs backwards returns its steps in the order of processing."""


@dataclass(frozen=True)
class Given:
    """What reaches a layer, in the oracle's axes and float64: as `refimpl.forward` takes it."""

    x: Array
    initial_state: tuple[Array, ...] | None = None
    mask: Array | None = None
    lengths: Array | None = None


@dataclass(frozen=True)
class Returned:
    """What a layer returns, in the oracle's axes; None for what it does not return."""

    outputs: Array | None
    state: tuple[Array | None, ...] | None


def given(layer: Recurrent, values: Mapping[str, Array]) -> Given:
    """The oracle's arguments from a layer's inputs by role."""
    x = _wide(values["x"])
    if layer.convention in LAST_STEP_FIRST:
        if layer.options.get("time_major") or _steps_first(layer):
            x = x.swapaxes(0, 1)
        its = [values[name] for name in sorted(n for n in values if n.startswith("initial_state."))]
        mask = values.get("mask")
        if mask is not None and _steps_first(layer):
            mask = np.asarray(mask).reshape(x.shape[1::-1]).T
        mask = None if mask is None else np.asarray(mask, bool).reshape(x.shape[:2])
        return Given(x, tuple(map(_wide, its)) if its else None, mask)
    batch_first = bool(layer.options.get("layout" if layer.convention == "onnx" else "batch_first"))
    if not batch_first:
        x = x.swapaxes(0, 1)
    states = [values.get(name) for name in ("initial_h", "initial_c")][: len(_kinds(layer))]
    initial = None
    if any(state is not None for state in states):
        shapes = _state_shapes(layer, len(x), batch_first and layer.convention == "onnx")
        filled = [
            np.zeros(shape) if state is None else _wide(state) for state, shape in zip(states, shapes, strict=True)
        ]
        if layer.convention == "onnx":
            initial = onnx.load_state(layer.cell, filled, int(batch_first))
        else:
            initial = pytorch.load_state(layer.cell, tuple(filled) if len(filled) > 1 else filled[0])
    lengths = values.get("lengths")
    return Given(x, initial, None, None if lengths is None else np.asarray(lengths, np.int64).reshape(-1))


def run(layer: Recurrent, given: Given, dtype: Any = np.float64) -> Any:
    """The oracle's run of the layer on what reaches it."""
    cell, time = layer.cell, given.x.shape[1]
    lengths = given.lengths
    if lengths is not None and (lengths == time).all():
        lengths = None
    return ri.forward(
        cell,
        {name: np.asarray(value, dtype) for name, value in layer.params.items()},
        np.asarray(given.x, dtype),
        None if given.initial_state is None else tuple(np.asarray(part, dtype) for part in given.initial_state),
        given.mask,
        lengths,
        layer.reverse,
        masked_output=layer.masked_output,
        output_order="processing" if layer.convention in LAST_STEP_FIRST and layer.reverse else "original",
        return_sequences=layer.return_sequences or time == 0,
        check_finite=False,
    )


def beyond(layer: Recurrent, ran: Any) -> str:
    """Why a run is not what the layer computes: its state reached the limit that TensorFlow Lite cuts it off at."""
    limit = layer.options.get("cell_clip")
    greatest = float(np.abs(ran.gates["c"]).max(initial=0.0)) if limit else 0.0
    return (
        f"its state c reaches {greatest:.3g} and is cut off at {limit:g}, which is not modelled"
        if greatest > (limit or np.inf)
        else ""
    )


def returned(layer: Recurrent, arrays: Sequence[Array | None]) -> Returned:
    """The oracle's quantities from what a layer returned."""
    cell, options = layer.cell, layer.options
    if layer.convention == "onnx":
        y, *states = [*arrays, None, None][: 1 + len(_kinds(layer))]
        layout = int(options.get("layout", 0))
        state = _loaded(layer, states, lambda kept: onnx.load_state(cell, kept, layout))
        return Returned(None if y is None else onnx.load_outputs(_wide(y), layout), state)
    if layer.convention == "pytorch":
        y, *states = [*arrays, None, None][: 1 + len(_kinds(layer))]
        if y is not None and not options.get("batch_first"):
            y = y.swapaxes(0, 1)
        state = _loaded(layer, states, lambda kept: pytorch.load_state(cell, tuple(kept) if len(kept) > 1 else kept[0]))
        return Returned(None if y is None else _wide(y), state)
    if layer.convention == "loop":
        y, *parts = arrays[: 1 + len(_kinds(layer))]
        wide = tuple(None if part is None else _wide(part) for part in parts)
        return Returned(
            None if y is None else _steps_second(layer, _wide(y)), wide if any(p is not None for p in wide) else None
        )
    count = 1 + bool(options.get("unmerged"))
    parts = [None if array is None else _wide(array) for array in arrays[:count]]
    y = None if any(part is None for part in parts) else np.concatenate([p for p in parts if p is not None], axis=-1)
    if y is not None and not layer.return_sequences:
        y = y[:, None]
    elif y is not None and options.get("time_major"):
        y = y.swapaxes(0, 1)
    if y is not None and _flipped(layer):
        y = y[:, ::-1]
    states = [None if state is None else _wide(state) for state in arrays[count:]]
    return Returned(y, tuple(states) if options.get("return_state") and states else None)


def raw(layer: Recurrent, outputs: Array, state: Sequence[Array]) -> list[Array]:
    """What a layer returns, in its framework's axes, from the oracle's quantities: the inverse of `returned`."""
    cell, options = layer.cell, layer.options
    if layer.convention == "onnx":
        layout = int(options.get("layout", 0))
        return [onnx.dump_outputs(cell, outputs, layout), *onnx.dump_state(cell, state, layout)]
    if layer.convention == "pytorch":
        y = outputs if options.get("batch_first") else outputs.swapaxes(0, 1)
        dumped = pytorch.dump_state(cell, state)
        return [y, *(dumped if isinstance(dumped, tuple) else (dumped,))]
    if layer.convention == "loop":
        return [_steps_second(layer, outputs), *state]
    y = outputs[:, ::-1] if _flipped(layer) else outputs
    if not layer.return_sequences:
        y = y[:, -1]
    elif options.get("time_major"):
        y = y.swapaxes(0, 1)
    parts = [y]
    if options.get("unmerged"):
        width = cell.layers[-1].cells[0].output_size
        parts = [y[..., :width], y[..., width:]]
    return [*parts, *(state if options.get("return_state") else ())]


def _steps_first(layer: Recurrent) -> bool:
    return layer.convention == "loop" and not layer.options.get("batch_major")


def _steps_second(layer: Recurrent, y: Array) -> Array:
    """A loop's outputs with the batch first, or back."""
    return y.swapaxes(0, 1) if _steps_first(layer) else y


def _flipped(layer: Recurrent) -> bool:
    """Whether stacked cells of Keras return the last step first: the oracle's stacks keep each at its step."""
    return bool(isinstance(layer.cell, Stack) and layer.options.get("backwards") and layer.return_sequences)


def _kinds(layer: Recurrent) -> tuple[str, ...]:
    """h, or h and c."""
    cell = layer.cell.layers[0].cells[0] if isinstance(layer.cell, Stack) else layer.cell
    names: tuple[str, ...] = cell.state_names
    return names


def _state_shapes(layer: Recurrent, batch: int, batch_first: bool) -> list[tuple[int, ...]]:
    sizes, count = layer.cell.state_sizes, len(_kinds(layer))
    rows = len(sizes) // count
    return [(batch, rows, size) if batch_first else (rows, batch, size) for size in sizes[:count]]


def _loaded(layer: Recurrent, states: Sequence[Array | None], load: Any) -> tuple[Array | None, ...] | None:
    """The state in our order, where some of ``h`` and ``c`` may not have been returned."""
    if all(state is None for state in states):
        return None
    like = next(np.asarray(state) for state in states if state is not None)
    batch = like.shape[0] if layer.options.get("layout") else like.shape[-2]
    shapes = _state_shapes(layer, batch, bool(layer.options.get("layout")))
    filled = [np.zeros(shape) if s is None else _wide(s) for s, shape in zip(states, shapes, strict=True)]
    kept = list(load(filled))
    absent = [k for k, state in enumerate(states) if state is None]
    return tuple(None if k % len(states) in absent else part for k, part in enumerate(kept))


def _wide(array: Any) -> Array:
    return np.asarray(array).astype(np.float64)
