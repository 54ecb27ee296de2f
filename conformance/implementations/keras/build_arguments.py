"""The layers that Keras's program builds for a case, and their options, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.stack import Layer, Stack, named_cells

from ...contract import Array, Case

Dropout = list[dict[str, Array]]
_SHARED = ("activation", "recurrent_activation", "reset_after", "use_bias")
_ATTRIBUTES = {"input": "_dropout_mask", "recurrent": "_recurrent_dropout_mask"}  # where a cell caches what it draws
_MIXED = {"float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def build_arguments(case: Case) -> tuple[dict[str, Any], Dropout]:
    """The arguments of `programs.layers.build_layers`, and the masks of dropout cell by cell."""
    call_options = case.call_options
    source = call_options.get("mask_from", "argument")
    dtype = _MIXED[case.dtype_name] if call_options.get("policy") == "mixed" else case.dtype_name
    parts = _parts(case)
    layers = [_layer(case, part, dtype, k == len(parts) - 1) for k, part in enumerate(parts)]
    given = case.initial_state is not None
    inputs = {"x": (case.x.shape[:2], "int32") if source == "Embedding" else (case.x.shape, case.dtype_name)}
    if case.mask is not None and source == "argument":
        inputs["mask"] = (case.mask.shape, "bool")
    for name, size in zip(case.state_names, case.cell.state_sizes, strict=True) if given else ():
        inputs[f"initial_state.{name}"] = ((len(case.x), size), case.dtype_name)
    model = {
        "layers": layers,
        "inputs": inputs,
        "states": [_states(part) if given else None for part in parts],
        "dtype": dtype,
        "source": source,
        "form": call_options.get("form", "eager"),
        "reload": call_options.get("reload", False),
        "training": True if case.dropout else False if call_options.get("idle_dropout") else None,
        "flip": isinstance(case.cell, Stack) and all(reverse for *_, reverse in parts[0].cells),
    }
    return model, [_masks(case, prefix) for part in parts for prefix, *_ in part.cells] if case.dropout else []


class _KerasLayer:
    """One layer of Keras: its cells as (prefix of names, cell, whether it runs backwards)."""

    def __init__(self, cells: Sequence[tuple[str, Any, bool]], stacked: bool = False, merge: str = "concat") -> None:
        self.cells, self.stacked, self.merge = list(cells), stacked, merge

    @property
    def bidirectional(self) -> bool:
        return len(self.cells) == 2 and not self.stacked


def _parts(case: Case) -> list[_KerasLayer]:
    """The layers of Keras that the case needs."""
    stacked = case.call_options.get("wrapper") == "StackedRNNCells"
    if not isinstance(case.cell, Stack):
        return [_KerasLayer([("", case.cell, case.reverse)], stacked)]
    names = iter(named_cells(case.cell))
    parts = [_part(layer, names) for layer in case.cell.layers]
    if not stacked:
        return parts
    return [_KerasLayer([cell for part in parts for cell in part.cells], stacked)]


def _part(layer: Layer, names: Any) -> _KerasLayer:
    return _KerasLayer([(*next(names), reverse) for reverse in layer.reversals], merge=layer.merge)


def _layer(case: Case, part: _KerasLayer, dtype: str, last: bool) -> dict[str, Any]:
    """The arguments of `programs.layers.make_layer`, and the size of what goes in."""
    call_options, wrapper = case.call_options, case.call_options.get("wrapper", "layer")
    options: dict[str, Any] = {
        "return_sequences": case.return_sequences or not last,
        "return_state": call_options.get("return_state", True),
        "unroll": call_options.get("unroll", False),
    }
    if not part.bidirectional:
        options |= {"go_backwards": part.cells[0][2], "zero_output_for_mask": case.masked_output == "zeros"}
    if call_options.get("use_cudnn", "auto") != "auto" and wrapper == "layer" and case.kind != "SimpleRNN":
        options["use_cudnn"] = call_options["use_cudnn"]
    cells = [(type(cell).__name__, _cell(case, prefix, cell, dtype)) for prefix, cell, _ in part.cells]
    found = {
        "name": f"layer_{part.cells[0][0].partition('.')[0] or 'l0'}",
        "wrapper": wrapper,
        "cells": cells[:1] if part.bidirectional else cells,
        "options": options,
        "input_size": part.cells[0][1].input_size,
    }
    if part.bidirectional:
        unmerged = last and call_options.get("unmerged", False)
        found["bidirectional"] = {"merge_mode": None if unmerged else part.merge}
        if call_options.get("backward_layer") or cells[0] != cells[1]:
            found["backward_cells"] = cells[1:]
    return found


def _cell(case: Case, prefix: str, cell: Any, dtype: str) -> dict[str, Any]:
    """The options of a layer or a cell."""
    # The weights are set in a moment; on JAX, drawing fresh ones first would take most of the time.
    options: dict[str, Any] = {"units": cell.hidden_size, "dtype": dtype}
    options |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    options |= {name: getattr(cell, name) for name in _SHARED if hasattr(cell, name)}
    kind = type(cell).__name__
    if kind == "LSTM":
        options["unit_forget_bias"] = False
    if case.call_options.get("idle_dropout"):
        options |= {"dropout": 0.5, "recurrent_dropout": 0.5}
    masks = _masks(case, prefix)
    for name, argument in (("input", "dropout"), ("recurrent", "recurrent_dropout")):
        if _ATTRIBUTES[name] in masks:
            options[argument] = 0.5  # any rate between 0 and 1: the masks are given
    if any(mask.ndim == 3 for mask in masks.values()) or case.call_options.get("implementation") == 1:
        options["implementation"] = 1
    return options


def _masks(case: Case, prefix: str) -> dict[str, Array]:
    """One cell's masks by the attribute in which it caches them."""
    dropout: Mapping[str, Array] = case.dropout or {}
    return {_ATTRIBUTES[name]: dropout[prefix + name] for name in _ATTRIBUTES if prefix + name in dropout}


def _states(part: _KerasLayer) -> list[Any]:
    """The names of a layer's initial states, nested as it takes them."""
    of_cells = [[f"initial_state.{prefix}{name}" for name in cell.state_names] for prefix, cell, _ in part.cells]
    return of_cells if part.stacked else [name for names in of_cells for name in names]
