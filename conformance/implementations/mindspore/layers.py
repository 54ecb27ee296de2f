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

from refimpl.layouts import pytorch as layout

from ...common.descriptions import first_cell
from ...contract import Case, Observed, Quantities
from ..child import in_a_child
from ..interfaces import Interface, signature_of
from ..program import Program, Weights
from ..stacked_states import StackedLayers
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


class MindSporeLayers(StackedLayers):
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
        found: dict[str, Any] = {"module": MODULES[case.kind], "options": options, **self.given(case)}
        if not case.call_options.get("training", True):
            found["training"] = False
        if case.call_options.get("mode") == "graph":
            found["mode"] = "graph"
        return found

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return layout.dump(cell, params)

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, weights)
