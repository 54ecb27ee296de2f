"""OpenVINO: ONNX models on its CPU plugin (options: `operators`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import openvino

from . import operators


def run_openvino(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as OpenVINO computes them on the CPU in the model's own precision."""
    core = openvino.Core()
    accurate = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(model, b""), "CPU", accurate)
    found = compiled(dict(inputs))
    return [np.array(found[name]) for name in outputs]


class OpenVino(operators.OnnxNode):
    """``openvino.Core().compile_model`` on the CPU."""

    name = "openvino"
    versions: Mapping[str, str] = {"openvino": openvino.__version__.split("-")[0], "onnx": onnx.__version__}
    path = "openvino CPU"
    imports = "import openvino"
    run = staticmethod(run_openvino)
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {place: ("!tanh", "!sigmoid", "!relu", "!None", "!absent")},
            "reason": "OpenVINO's cells have the activations sigmoid, tanh and relu",
            "message": "END: node",
        }
        for place in ("activation", "recurrent_activation", "output_activation")
    ] + [
        {
            "when": {"size_attribute": ("omitted",)},
            "reason": "OpenVINO wants the attribute hidden_size, which the operator leaves optional",
            "message": "hidden_size",
        },
        {
            "when": {"layout": (1,), "initial_state": (True,)},
            "reason": "OpenVINO has no layout 1, and initial states of that layout do not fit",
            "message": "OpConversionFailure",
        },
    ]
