"""MindSpore: ``mindspore.nn.RNN``, ``LSTM`` and ``GRU`` on the CPU.

Options of their own, beside the oracle's:

================  ==============================================================================
``layout``        ``batch-major`` (``batch_first=True``) or ``time-major``
``mode``          ``pynative``, operation by operation, or ``graph``, compiled as a whole
``dropout_rate``  of dropout that ``training``, False, turns off
================  ==============================================================================

What dropout draws while it trains nobody is told, so that is not asked. Weights have PyTorch's names and layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import mindspore
import numpy as np

from refimpl.layouts import pytorch as layout

from ...common.descriptions import first_cell
from ...contract import Array, Case, Observed, Quantities
from .. import stacked_states
from ..child import in_a_child
from ..interfaces import Interface, signature_of
from ..program import Program, ProgramImplementation, Weights
from .programs import layers as code

MODULES: Mapping[str, str] = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
_DEEP: Mapping[str, Sequence[Any]] = {"layers": (1, 2, 3), "direction": ("forward", "both")}
_LAYOUTS = ("batch-major", "time-major")
_LENGTHS = ("none", "sorted", "unsorted", "zero")
_GATED: Mapping[str, Sequence[Any]] = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN", "activation": ("tanh", "relu")},
    {"kind": "LSTM", **_GATED},
    {"kind": "GRU", "reset_after": (True,), **_GATED},
)


def _cells() -> list[dict[str, Any]]:
    pynative: dict[str, Sequence[Any]] = {"mode": ("pynative",)}
    entries: Sequence[Mapping[str, Sequence[Any]]] = (
        {**_DEEP, **pynative, "layout": _LAYOUTS, "lengths": _LENGTHS},
        {**_DEEP, **pynative, "layers": (2, 3), "dropout_rate": (0.5,), "training": (False,)},
        {"mode": ("graph",), "layout": ("batch-major",), "direction": ("forward", "both"), "lengths": _LENGTHS[:3:2]},
    )
    return [
        {**kind, "use_bias": (both,), "use_recurrent_bias": (both,), **entry}
        for kind in _KINDS
        for both in (True, False)
        for entry in entries
    ]


class MindSporeLayers(ProgramImplementation):
    """``mindspore.nn.RNN``, ``LSTM`` and ``GRU``, in a process of its own: it takes ten seconds to be imported."""

    name = "mindspore"
    path = "mindspore.nn, CPU"
    versions: Mapping[str, str] = {"mindspore": version("mindspore")}
    dtypes: Sequence[str] = ("float32", "float16")
    cells: Sequence[Mapping[str, Any]] = _cells()
    expensive = True  # each operation of a step is a call, and a graph is compiled anew for each case
    longest_sequence = 20
    program = Program(code.PREAMBLE, (code.run_mindspore,))

    def interface(self) -> Interface:
        """What a user builds against: the arguments of the classes."""
        return {f"mindspore.nn.{n}": {"signature": signature_of(getattr(mindspore.nn, n))} for n in MODULES.values()}

    def observe(self, case: Case) -> Observed:
        native = in_a_child(code.run_mindspore)(**self.arguments(case))
        return Observed(self.from_native(case, native), self.left_out(case), self.path)

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "mindspore.nn layers return outputs and final states only"}

    def arguments(self, case: Case) -> dict[str, Any]:
        cell, layers = first_cell(case.cell), case.options["layers"]
        options: dict[str, Any] = {"input_size": cell.input_size, "hidden_size": cell.hidden_size}
        options |= {"nonlinearity": cell.activation} if case.kind == "SimpleRNN" else {}
        options |= {} if cell.use_bias else {"has_bias": False}
        options |= {"num_layers": layers} if layers > 1 else {}
        options |= {"bidirectional": True} if case.options["direction"] == "both" else {}
        options |= {} if case.call_options.get("layout") == "time-major" else {"batch_first": True}
        options |= {"dropout": case.call_options["dropout_rate"]} if "dropout_rate" in case.call_options else {}
        found: dict[str, Any] = {
            "module": MODULES[case.kind],
            "options": options,
            "weights": dict(self.dump(case.cell, case.params)),
            "x": self._sequence(case, case.x),
        }
        if case.initial_state is not None:
            found["initial_state"] = self._states(case, case.initial_state)
        if case.d_outputs is not None:
            found["d_outputs"] = self._sequence(case, case.d_outputs)
        if any(part is not None for part in case.d_state or ()):
            sizes = zip(case.d_state or (), case.cell.state_sizes, strict=True)
            zeros = [np.zeros((len(case.x), size), case.dtype) if part is None else part for part, size in sizes]
            found["d_state"] = self._states(case, zeros)
        if case.lengths is not None:
            found["lengths"] = case.lengths
        if not case.call_options.get("training", True):
            found["training"] = False
        if case.call_options.get("mode") == "graph":
            found["mode"] = "graph"
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights)

    def _sequence(self, case: Case, values: Array) -> Array:
        time_major = case.call_options.get("layout") == "time-major"
        return np.ascontiguousarray(values.swapaxes(0, 1)) if time_major else values

    def _states(self, case: Case, parts: Sequence[Array]) -> tuple[Array, ...]:
        """States, one array a state name in order, as one array of all h and one of all c."""
        kinds = len(first_cell(case.cell).state_names)
        return tuple(np.stack(parts[k::kinds]) for k in range(kinds))

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = stacked_states.taken_apart(case, super().from_native(case, native))
        return {n: self._sequence(case, v) if n in ("outputs", "d_x") else v for n, v in ours.items()}

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = stacked_states.put_together(case, super().to_native(case, ours), self._states)
        return {
            n: self._sequence(case, v) if n in ("outputs", "d_x") or n.startswith("gates.") else v
            for n, v in native.items()
        }
