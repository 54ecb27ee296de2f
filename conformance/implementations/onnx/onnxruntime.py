"""ONNX Runtime: the operators RNN, LSTM and GRU on its CPU provider (options of its own: `operators`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime

from . import operators
from .onnxruntime_kernels import OnnxRuntimeKernels


def run_onnxruntime(
    model: bytes, inputs: dict[str, np.ndarray], outputs: list[str], threads: int = 1
) -> list[np.ndarray]:
    """The outputs of these names, as ONNX Runtime's CPU provider computes them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return list(session.run(outputs, inputs))


class OnnxRuntime(OnnxRuntimeKernels):
    """``onnxruntime.InferenceSession`` on ``CPUExecutionProvider``."""

    name = "onnxruntime"
    versions: Mapping[str, str] = {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}
    path = "onnxruntime CPUExecutionProvider"
    imports = "import onnxruntime"
    run = staticmethod(run_onnxruntime)
    settings = ("threads",)
    cells: Sequence[Mapping[str, Any]] = [
        *OnnxRuntimeKernels.cells,
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
