"""PyTorch: the layers ``torch.nn.RNN``, ``LSTM`` and ``GRU`` exported by ``torch.onnx.export``, run by ONNX Runtime.

Options of its own, beside ``layout`` as in `pytorch`: ``dynamo``, which of PyTorch's two exporters; ``exported_at``, at
which size it is exported, where that is not the case's: "another size" with dynamic axes, "another batch" with that
axis dynamic, or "another size, fixed", which must be refused. The newer exporter often counts the steps, dynamic or
not, and then ONNX Runtime says so: of it only the batch may be another. Forward only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import onnx
import onnxruntime

from ...contract import Case
from ..program import Program
from .base import EITHER, products
from .layers import MODULES, TorchLayers
from .programs import onnx_export as code

logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it says at each export that torchvision is not installed
onnxruntime.set_default_logger_severity(4)
_RECURRENT = ("RNN", "LSTM", "GRU")
_exported: Any = code.exported
_run_model: Any = code.run_model


def _cells() -> list[dict[str, Any]]:
    deep: dict[str, Sequence[Any]] = {"layers": (1, 2), "direction": ("forward", "both"), "gradients": (False,)}
    batch_major: dict[str, Sequence[Any]] = {"layout": ("batch-major",), "dynamo": (False,)}
    entries = products(
        deep | {"layout": ("batch-major", "time-major", "unbatched"), "dynamo": (False,)},
        deep | batch_major | {"lengths": ("sorted",)},
    )
    by_dynamo = [
        entry | {"dtype": ("float32",)}
        for entry in products(deep | batch_major | {"dynamo": (True,)})
        if entry["use_bias"][0]
    ]
    small: dict[str, Sequence[Any]] = {"layers": (1,), "direction": ("forward",), "gradients": (False,)}
    projected = [
        entry | {"projection": (True,), "dtype": ("float32",)}
        for entry in products(small | batch_major | {"dynamo": EITHER})
        if entry["kind"] == "LSTM" and entry["use_bias"][0]
    ]
    one = {"layers": (1,), "gradients": (False,), "dtype": ("float32",)} | batch_major
    fixed = "another size, fixed"
    elsewhere = products(
        one | {"direction": ("forward", "both"), "exported_at": ("another size", fixed)},
        one | {"direction": ("forward", "both"), "dynamo": (True,), "exported_at": ("another batch", fixed)},
    )
    return entries + by_dynamo + projected + [entry for entry in elsewhere if entry["use_bias"][0]]


class TorchOnnx(TorchLayers):
    """``torch.nn.RNN``, ``LSTM`` and ``GRU``, exported to ONNX."""

    name = "torch-onnx"
    versions: Mapping[str, str] = {
        **TorchLayers.versions,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        **{name: version(name) for name in ("onnxscript", "onnx-ir")},  # they convert what `dynamo=True` exports
    }
    program = Program(code.PREAMBLE, (code.Packing, code.exported, code.run_model, code.run_onnx))
    dtypes: Sequence[str] = ("float32", "float16")
    devices: Sequence[str] = ("cpu",)
    cells: Sequence[dict[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"projection": (True,), "dynamo": (False,)},
            "reason": "ONNX's LSTM has no projection, and this exporter says so",
            "message": "ONNX export of operator LSTM, LSTMs with projections",
        },
        {
            "when": {"exported_at": ("another size, fixed",)},
            "reason": "the model is for one size, and ONNX Runtime says so",
            "message": "INVALID_ARGUMENT",
        },
    ]
    empty_batch = False  # ONNX Runtime ends the process
    expensive = True
    compiled_anew: Mapping[str, Sequence[bool]] = {"dynamo": (True,)}  # a second and more, where the other takes 0.02
    threads = False  # PyTorch's compilers and exporters keep what they are about for the whole process

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        wanted = ("module", "options", "weights", "x", "hx", "lengths")
        options = {name: case.call_options[name] for name in ("dynamo", "exported_at") if name in case.call_options}
        return {name: found[name] for name in wanted if name in found} | options

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "torch.nn layers return outputs and final states only", "gradients": "ONNX is forward only"}

    def described(self, case: Case) -> str:
        exporter = "dynamo" if case.call_options.get("dynamo", False) else "TorchScript"
        packed = " of a PackedSequence" if case.lengths is not None else ""
        return f"torch.nn.{MODULES[case.kind]}{packed} by the {exporter} exporter in ONNX Runtime"

    def watched(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """What the exported model returns, and its recurrent operators."""
        model, given = _exported(**arguments)  # once: to export it is most of the work
        native: dict[str, Any] = _run_model(model, given)
        operators = {node.op_type for node in onnx.load_from_string(model).graph.node}
        recurrent = sorted(operators & set(_RECURRENT))
        return native, ", ".join(recurrent) or "no recurrent operator, but its parts"
