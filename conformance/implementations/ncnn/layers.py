"""ncnn: its layers RNN, LSTM and GRU, in float32 on a CPU; values only, as ncnn is for inference.

An option of its own: ``blobs``, ``all`` (outputs and final states) or ``one`` (a layer of one input and one output).
ncnn has no batches and no lengths: rows go in one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from refimpl.layouts import ncnn as layout
from refimpl.stack import Stack

from ...common.descriptions import first_cell
from ...contract import Array, Case, Quantities
from ..one_bias import OneBias
from ..program import Program, Weights
from .programs import layers as code

_LAYERS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
_GATED = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN", "activation": ("tanh",), "use_recurrent_bias": (False,)},
    {"kind": "LSTM", "projection": (True, False), "use_recurrent_bias": (False,), **_GATED},
    {"kind": "GRU", "reset_after": (True,), "use_recurrent_bias": (True,), **_GATED},
)
_DIRECTIONS = ("forward", "backward", "both")


class Ncnn(OneBias):
    """``ncnn.Net`` of one layer."""

    name = "ncnn"
    versions: Mapping[str, str] = {"ncnn": version("ncnn")}
    path = "ncnn CPU"
    dtypes: Sequence[str] = ("float32",)
    layout = layout
    cells: Sequence[Mapping[str, Any]] = [
        {**kind, "use_bias": (True,), "direction": _DIRECTIONS, **how}
        for kind in _KINDS
        for how in ({"blobs": ("all",)}, {"blobs": ("one",), "initial_state": (False,)})
    ]
    program = Program(code.PREAMBLE, (code.load_network, code.run_ncnn))

    def arguments(self, case: Case) -> dict[str, Any]:
        cell, weights = first_cell(case.cell), self.dump(case.cell, self.folded(case))
        both = isinstance(case.cell, Stack)
        parameters = {0: cell.output_size, 1: weights["weight_xc_data"].size, 2: 2 if both else int(case.reverse)}
        if cell.output_size != cell.hidden_size:
            parameters[3] = cell.hidden_size
        found: dict[str, Any] = {"layer": _LAYERS[case.kind], "parameters": parameters, "weights": dict(weights)}
        found["x"] = case.x
        if case.initial_state is not None:
            found["states"] = self._states(case, case.initial_state)
        return found | ({"blobs": "one"} if case.call_options.get("blobs") == "one" else {})

    def dump(self, cell: Any, params: Quantities) -> Weights:
        """Both directions in one array."""
        each = super().dump(cell, params)
        names = dict.fromkeys(name.rpartition(".")[2] for name in each)
        return {its: np.concatenate([v for n, v in each.items() if n.endswith(its)]) for its in names}

    def _states(self, case: Case, parts: Sequence[Array]) -> tuple[Array, ...]:
        kinds = len(first_cell(case.cell).state_names)
        return tuple(np.stack(parts[k::kinds]) for k in range(kinds))

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = {"outputs": np.asarray(native["outputs"])}
        kinds = len(first_cell(case.cell).state_names)
        for k, letter in enumerate("hc"[:kinds]):
            if f"{letter}_n" in native:
                names = (f"state.{name}" for name in case.state_names[k::kinds])
                ours |= zip(names, native[f"{letter}_n"], strict=True)
        return ours

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        states = self._states(case, [np.asarray(ours[f"state.{name}"]) for name in case.state_names])
        return {"outputs": np.asarray(ours["outputs"])} | dict(zip(("h_n", "c_n"), states, strict=False))

    def missing(self, case: Case) -> dict[str, str]:
        found = {"gates": "ncnn's layers give outputs and final states only", "gradients": "ncnn is for inference only"}
        return found | ({"state": "the layer has one output"} if case.call_options.get("blobs") == "one" else {})
