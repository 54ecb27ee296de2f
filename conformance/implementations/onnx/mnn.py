"""MNN: ONNX models, converted by its converter and run on the CPU (options: `operators`)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import _tools
import MNN
import numpy as np

from . import operators


def run_mnn(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as MNN computes them in high precision."""
    with tempfile.TemporaryDirectory() as folder:
        onnx_file, mnn_file = Path(folder, "model.onnx"), Path(folder, "model.mnn")
        onnx_file.write_bytes(model)
        files = ["--modelFile", str(onnx_file), "--MNNModel", str(mnn_file)]
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", *files])
        how = MNN.nn.create_runtime_manager(({"precision": "high", "backend": "CPU", "numThread": 1},))
        loaded = MNN.nn.load_module_from_file(str(mnn_file), list(inputs), outputs, runtime_manager=how)
    kinds = {"float32": MNN.expr.float, "int32": MNN.expr.int}
    given = []
    for array in inputs.values():
        given.append(MNN.expr.placeholder(array.shape, MNN.expr.NCHW, kinds[array.dtype.name]))
        given[-1].write(np.ascontiguousarray(array))
    return [np.array(found.read()) for found in loaded.forward(given)]


class Mnn(operators.OnnxNode):
    """``MNN.nn.load_module_from_file`` of what ``mnnconvert`` made."""

    name = "mnn"
    versions: Mapping[str, str] = {"mnn": MNN.version()}
    path = "MNN CPU"
    imports = "import tempfile\nfrom pathlib import Path\nimport _tools\nimport MNN"
    run = staticmethod(run_mnn)
    own_process = True  # it ends where a model does not fit
