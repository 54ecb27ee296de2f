"""Flax: the cells of ``flax.linen`` and ``flax.nnx`` in ``RNN`` and ``Bidirectional``.

Options of their own: ``layout`` (``batch-major`` or ``time-major``) and, of an LSTM, ``cell`` (``LSTMCell`` or
``OptimizedLSTMCell``). A backward run gives its outputs in the order of processing unless it is told ``keep_order``;
with lengths each row's padding then still stands at its end, where the oracle's order of processing has it first, so
that is not asked. Behind a row's length Flax leaves the outputs unspecified: they are zeroed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.layouts import flax as layout
from refimpl.stack import named_cells

from ...contract import Case
from ..program import Program
from .base import ACTIVATIONS, JaxLibrary, directions_of, merge_of
from .programs import calls as shared
from .programs import flax_calls, flax_linen, flax_nnx

_LENGTHS = ("none", "sorted", "unsorted", "zero")
_DIRECTIONS: Sequence[Mapping[str, Sequence[Any]]] = (
    {"direction": ("forward",), "lengths": _LENGTHS},
    {"direction": ("backward",), "lengths": _LENGTHS},
    {"direction": ("backward",), "output_order": ("processing",)},
    {
        "direction": ("both",),
        "merge": ("concat", "sum", "mul", "ave"),
        "backward_cell": ("alike", "different"),
        "lengths": _LENGTHS,
    },
)
_CALLS: Mapping[str, Sequence[Any]] = {"layout": ("batch-major", "time-major")}
_GATED = {"activation": ("tanh", "relu"), "recurrent_activation": ("sigmoid", "hard_sigmoid")}
_SHARED = (
    shared.arrays_of,
    shared.values_and_gradients,
    shared.nested,
    shared.weights_in,
    shared.within_lengths,
    flax_calls.merging,
    flax_calls.called,
)


def _cells(candidate_bias: bool) -> list[dict[str, Any]]:
    one = {"use_bias": (True,), "use_recurrent_bias": (False,)}
    kinds: list[dict[str, Any]] = [
        {"kind": "SimpleRNN", "activation": ("tanh", "relu", "linear"), **one},
        {"kind": "LSTM", "cell": ("LSTMCell", "OptimizedLSTMCell"), **_GATED, **one},
        {"kind": "GRU", "reset_after": (True,), **_GATED, **one, "use_recurrent_bias": (candidate_bias,)},
    ]
    return [{**kind, **direction, **_CALLS} for kind in kinds for direction in _DIRECTIONS]


class _Flax(JaxLibrary):
    packages = ("flax",)
    layout = layout

    def arguments(self, case: Case) -> dict[str, Any]:
        cells = [each for _, each in named_cells(case.cell)]
        functions = [self._functions(each) for each in cells]
        found = {
            "cells": [(self._class(case), its) for its in functions],
            "features": [each.hidden_size for each in cells],
            **super().arguments(case),
        }
        if len(cells) > 1:
            found |= {"prefixes": directions_of(case.cell), "merge": merge_of(case.cell)}
        if case.reverse:
            found |= {"reverse": True, "keep_order": case.output_order == "original"}
        if case.lengths is not None:
            found["lengths"] = case.lengths
        if case.call_options.get("layout") == "time-major":
            found["time_major"] = True
        return found

    def _class(self, case: Case) -> str:
        names = {"SimpleRNN": "SimpleCell", "GRU": "GRUCell"}
        return names.get(case.kind) or str(case.call_options.get("cell", "LSTMCell"))

    def _functions(self, cell: Any) -> dict[str, str]:
        named = {"activation_fn": cell.activation, "gate_fn": getattr(cell, "recurrent_activation", None)}
        return {argument: ACTIVATIONS.get(name, name) for argument, name in named.items() if name is not None}


class FlaxLinen(_Flax):
    """``flax.linen``."""

    name = "flax-linen"
    path = "flax.linen.RNN"
    cells: Sequence[Mapping[str, Any]] = _cells(candidate_bias=True)
    program = Program(f"{shared.PREAMBLE}\n{flax_linen.PREAMBLE}", (*_SHARED, flax_linen.run_linen))


class FlaxNnx(_Flax):
    """``flax.nnx``."""

    name = "flax-nnx"
    path = "flax.nnx.RNN"
    cells: Sequence[Mapping[str, Any]] = _cells(candidate_bias=False)
    program = Program(f"{shared.PREAMBLE}\n{flax_nnx.PREAMBLE}", (*_SHARED, flax_nnx.set_weights, flax_nnx.run_nnx))

    def layout_options(self, cell: Any) -> dict[str, str]:
        return {"form": "nnx"}
