"""OpenVINO: ONNX models on its CPU plugin (options: `operators`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
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
    versions: Mapping[str, str] = {"openvino": openvino.__version__.split("-")[0]}
    path = "openvino CPU"
    imports = "import openvino"
    run = staticmethod(run_openvino)
