"""ONNX Runtime: the operators RNN, LSTM and GRU on its CPU provider (options of its own: `operators`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime

from ...contract import Case, Observed
from . import operators

ABORTS = "ONNX Runtime ends the process by SIGABRT: a GRU or LSTM without rows, a GRU without steps"
_PATHS: dict[str, Any] = {"outputs": ("all", "states"), "weights": ("initializers", "inputs")}


def run_onnxruntime(
    model: bytes, inputs: dict[str, np.ndarray], outputs: list[str], threads: int = 1
) -> list[np.ndarray]:
    """The outputs of these names, as ONNX Runtime's CPU provider computes them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return list(session.run(outputs, inputs))


class OnnxRuntime(operators.OnnxNode):
    """``onnxruntime.InferenceSession`` on ``CPUExecutionProvider``.

    Its kernels are float32; a float16 node is run by them, between casts that it inserts. Weights that are
    initializers of an LSTM are packed once, those that are inputs are not.
    """

    name = "onnxruntime"
    versions: Mapping[str, str] = {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}
    path = "onnxruntime CPUExecutionProvider"
    dtypes = ("float32", "float16", "float64", "bfloat16")
    imports = "import onnxruntime"
    run = staticmethod(run_onnxruntime)
    settings = ("threads",)
    cells: Sequence[Mapping[str, Any]] = [
        *operators.entries(("float32", "float16"), _PATHS, every_triple_of_activations=True),
        *(
            {"kind": kind, "use_recurrent_bias": (True,), "gradients": (False,), "dtype": (dtype,)}
            for kind in ("SimpleRNN", "GRU", "LSTM")
            for dtype in ("float64", "bfloat16")
        ),
        *(
            {
                "kind": kind,
                "use_recurrent_bias": (True,),
                "gradients": (False,),
                "dtype": ("float32",),
                "direction": operators.DIRECTIONS,
                "lengths": ("none", "unsorted"),
                "threads": (2,),
            }
            for kind in ("SimpleRNN", "GRU", "LSTM")
        ),
    ]
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"layout": (1,)},
            "reason": "ONNX Runtime has no kernel for layout 1",
            "message": "Batchwise recurrent operations (layout == 1) are not supported",
        },
        {
            "when": {"size_attribute": ("omitted",)},
            "reason": "ONNX Runtime wants the attribute, which the operator leaves optional",
            "message": 'info.GetAttr("hidden_size"',
        },
        {
            "when": {"kind": ("LSTM", "GRU"), "dtype": ("float64",)},
            "reason": "ONNX Runtime's LSTM and GRU are registered for float64, but are not written for it",
            "message": "operator does not support double yet",
        },
        {
            "when": {"dtype": ("float64", "bfloat16")},
            "reason": "ONNX Runtime has no kernel for it on the CPU",
            "message": "Could not find an implementation for",
        },
    ]

    def observe(self, case: Case) -> Observed:
        batch, time, _ = case.x.shape
        if (not batch and case.kind != "SimpleRNN") or (not time and case.kind == "GRU"):
            raise RuntimeError(ABORTS)  # it would be the end of the suite's own process
        return super().observe(case)
