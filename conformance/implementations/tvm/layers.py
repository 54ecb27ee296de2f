"""TVM: ``torch.nn.RNN``, ``LSTM`` and ``GRU`` by ``torch.export``, compiled by Relax for the CPU; values only.

An option of its own, beside those of `..pytorch.exported`: ``importer``, "decomposed", where PyTorch takes the layer
apart before TVM imports it, as is the default, or "own", where TVM's importer does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ...contract import Array, Case, Quantities
from ..program import Program
from ..pytorch.base import products
from ..pytorch.exported import EXPORT_FUNCTIONS, PACKED_IS_NOT_EXPORTED, STEPS_ARE_COUNTED, ExportedLayers
from ..pytorch.layers import MODULES
from .programs import layers as code

_IMPORTERS = ("decomposed", "own")
_compiled: Any = code.compiled
_run_program: Any = code.run_program


def _cells() -> list[Mapping[str, Any]]:
    one: dict[str, Sequence[Any]] = {"layers": (1,), "layout": ("batch-major",), "importer": _IMPORTERS}
    single: dict[str, Sequence[Any]] = {"dtype": ("float32",)}
    both = {"direction": ("forward", "both")}
    entries = products(
        one | single | both,
        one | single | both | {"layers": (2,)},
        one | single | {"layout": ("time-major", "unbatched")},
        one | {"dtype": ("float64", "float16", "bfloat16"), "initial_state": (True,)},
        one | single | {"exported_at": ("another batch",)},
        one | single | {"lengths": ("sorted",), "initial_state": (True,)},
        *(one | single | {"exported_at": (size,)} for size in ("another size", "another size, fixed")),
    )
    projected = [
        entry | {"projection": (True,)}
        for entry in products(one | single | both)
        if entry["kind"] == "LSTM" and entry["use_bias"][0]
    ]
    return [entry | {"gradients": (False,)} for entry in entries + projected]


class Tvm(ExportedLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, as modules of TVM's virtual machine."""

    name = "tvm"
    versions: Mapping[str, str] = {"apache-tvm": version("apache-tvm"), **ExportedLayers.versions}
    program = Program(code.PREAMBLE, (*EXPORT_FUNCTIONS, code.compiled, code.run_program, code.run_tvm))
    own: Mapping[str, Any] = {"importer": "decomposed"}
    compiled = staticmethod(_compiled)
    run_program = staticmethod(_run_program)
    forward_only = "TVM's module is forward only"
    longest_sequence = 20  # five seconds and more
    cells: Sequence[Mapping[str, Any]] = _cells()  # type: ignore[assignment]
    refused: Sequence[Mapping[str, Any]] = [
        PACKED_IS_NOT_EXPORTED,
        STEPS_ARE_COUNTED,
        {
            "when": {"exported_at": ("another size, fixed",)},
            "reason": "the module is for one size, and TVM says so",
            "message": "Check failed: input_shape",
        },
        {
            "when": {"importer": ("own",), "layers": (2,)},
            "reason": "TVM's importer takes one layer apart",
            "message": "is not yet supported",
        },
        {
            "when": {"importer": ("own",), "kind": ("SimpleRNN",), "activation": ("relu",)},
            "reason": "TVM's importer takes tanh's layer apart alone",
            "message": "rnn_relu",
        },
    ]

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        """As all layers of PyTorch, without final states that are none: a state has a row a layer and direction.

        Raises `ValueError` where the outputs are not of the layer's size.
        """
        directions = 2 if case.options["direction"] == "both" else 1
        rows, unbatched = case.options["layers"] * directions, case.call_options.get("layout") == "unbatched"
        features, expected = native["outputs"].shape[-1], directions * case.cell.state_sizes[0]
        if features != expected:
            raise ValueError(f"outputs have {features} features, expected {expected}")
        sizes = {(rows, size) if unbatched else (rows, len(case.x), size) for size in case.cell.state_sizes}
        ours = super().from_native(case, {k: v for k, v in native.items() if k == "outputs" or v.shape in sizes})
        if case.dtype_name != "bfloat16":
            return ours
        return {name: value.astype(case.dtype) for name, value in ours.items()}  # both come as float32, through NumPy

    def described(self, case: Case) -> str:
        return f"torch.nn.{MODULES[case.kind]} by torch.export, TVM's {case.call_options.get('importer', 'decomposed')}"
