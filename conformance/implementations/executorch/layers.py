"""ExecuTorch: ``torch.nn.RNN``, ``LSTM`` and ``GRU`` by ``torch.export``, run by its Python runtime; values only.

An option of its own, beside those of `..pytorch.exported`: ``backend``, "xnnpack" for what XNNPACK has, or "portable",
ExecuTorch's own kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ...contract import Case
from ..program import Program
from ..pytorch.base import products
from ..pytorch.exported import EXPORT_FUNCTIONS, PACKED_IS_NOT_EXPORTED, STEPS_ARE_COUNTED, ExportedLayers
from ..pytorch.layers import MODULES
from .programs import layers as code

_SIZES = ("another size", "another size, fixed")
_BACKENDS = ("xnnpack", "portable")
_lowered: Any = code.lowered
_run_program: Any = code.run_program


def _cells() -> list[Mapping[str, Any]]:
    one: dict[str, Sequence[Any]] = {"layers": (1,), "layout": ("batch-major",), "backend": _BACKENDS}
    single: dict[str, Sequence[Any]] = {"dtype": ("float32",)}
    both = {"direction": ("forward", "both")}
    with_biases = products(
        one | single | both,
        one | single | both | {"layers": (2,), "backend": ("portable",)},
        one | single | {"layout": ("time-major", "unbatched"), "backend": ("portable",)},
        one | {"dtype": ("float64", "float16", "bfloat16"), "backend": ("portable",), "initial_state": (True,)},
        one | single | {"lengths": ("sorted",), "backend": ("portable",), "initial_state": (True,)},
        one | single | {"exported_at": ("another batch",)},
        *({**one, **single, "exported_at": (size,), "backend": ("portable",)} for size in _SIZES),
    )
    entries = [entry for entry in with_biases if entry["use_bias"][0]]
    entries += [entry for entry in products(one | single) if not entry["use_bias"][0]]
    projected = [
        entry | {"projection": (True,)}
        for entry in products(one | single | both)
        if entry["kind"] == "LSTM" and entry["use_bias"][0]
    ]
    return [entry | {"gradients": (False,)} for entry in entries + projected]


class ExecuTorch(ExportedLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, as ExecuTorch programs."""

    name = "executorch"
    versions: Mapping[str, str] = {"executorch": version("executorch"), **ExportedLayers.versions}
    program = Program(code.PREAMBLE, (*EXPORT_FUNCTIONS, code.lowered, code.run_program, code.run_executorch))
    own: Mapping[str, Any] = {"backend": "xnnpack"}
    compiled = staticmethod(_lowered)
    run_program = staticmethod(_run_program)
    forward_only = "ExecuTorch is forward only"
    cells: Sequence[Mapping[str, Any]] = _cells()  # type: ignore[assignment]
    refused: Sequence[Mapping[str, Any]] = [
        PACKED_IS_NOT_EXPORTED,
        STEPS_ARE_COUNTED,
        {
            "when": {"exported_at": ("another size, fixed",)},
            "reason": "the program is for one size, and ExecuTorch says so",
            "message": "set_inputs() for method 'forward' failed",
        },
    ]

    def described(self, case: Case) -> str:
        return (
            f"torch.nn.{MODULES[case.kind]} by torch.export, ExecuTorch {case.call_options.get('backend', 'xnnpack')}"
        )
