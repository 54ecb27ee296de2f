"""MLX: ``mlx.nn.RNN``, ``LSTM`` and ``GRU``, on its CPU backend.

An option of its own: ``layout``, ``batch-major`` or ``unbatched`` (one row, no batch axis). MLX computes in float32 at
most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from refimpl.layouts import mlx as layout

from ...contract import Array, Case, Quantities
from ..one_bias import OneBias
from ..program import Program, narrowed
from .programs import layers as code

_MODULES = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
_NONLINEARITIES = ("tanh", "relu", "sigmoid")  # which have our names
_GATED = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",)}
_LAYOUTS = {"layout": ("batch-major", "unbatched")}


class Mlx(OneBias):
    """The layers of ``mlx.nn``."""

    name = "mlx"
    path = "mlx.nn, CPU"
    dtypes: Sequence[str] = ("float32", "float16", "bfloat16")
    layout = layout
    cells: Sequence[Mapping[str, Any]] = [
        {"kind": "SimpleRNN", "activation": _NONLINEARITIES, "use_bias": (True, False), **_LAYOUTS}
        | {"use_recurrent_bias": (False,)},
        {"kind": "LSTM", "use_bias": (True, False), "use_recurrent_bias": (False,), **_GATED, **_LAYOUTS},
        *(
            {"kind": "GRU", "reset_after": (True,), "use_bias": (both,), "use_recurrent_bias": (both,)}
            | _GATED
            | _LAYOUTS
            for both in (True, False)
        ),
    ]
    program = Program(code.PREAMBLE, (code.run_mlx,))

    def __init__(self) -> None:
        self.versions = {"mlx": version("mlx")}

    def arguments(self, case: Case) -> dict[str, Any]:
        cell = case.cell
        options = {"input_size": cell.input_size, "hidden_size": cell.hidden_size, "bias": cell.use_bias}
        found = {"module": _MODULES[case.kind], "options": options, **self.named_arrays(case)}
        if case.kind == "SimpleRNN":
            found["nonlinearity"] = cell.activation
        if _unbatched(case):
            for given in ("leaves", "cotangents"):
                found[given] = {name: _row(name, value) for name, value in found[given].items()}
        return found

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "mlx.nn layers return hidden states and, of an LSTM, cell states"}

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        if _unbatched(case):
            native = {n: v if n.startswith("d_weights.") else v[None] for n, v in native.items()}
        return {name: narrowed(value, case.dtype) for name, value in super().from_native(case, native).items()}


def _unbatched(case: Case) -> bool:
    return case.call_options.get("layout") == "unbatched"


def _row(name: str, value: Array) -> Array:
    return value if name.startswith("weights.") else value[0]
