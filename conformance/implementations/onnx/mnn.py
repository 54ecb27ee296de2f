"""MNN: ONNX models, converted by its converter and run on the CPU (options: `operators`)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import _tools
import MNN
import numpy as np
import onnx

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
    found = loaded.forward(given)
    return [np.array(each.read()) for each in found]


FAILED = "load_module_from_file> returned a result with an exception set"


class Mnn(operators.OnnxNode):
    """``MNN.nn.load_module_from_file`` of what ``mnnconvert`` made."""

    name = "mnn"
    versions: Mapping[str, str] = {"mnn": MNN.version(), "onnx": onnx.__version__}
    path = "MNN CPU"
    imports = "import tempfile\nfrom pathlib import Path\nimport _tools\nimport MNN"
    run = staticmethod(run_mnn)
    own_process = True  # it ends where a model does not fit
    refused: Sequence[Mapping[str, Any]] = [
        {"when": when, "reason": reason, "message": message}
        for when, reason, message in (
            ({"peepholes": (True,)}, "MNN has no peepholes", FAILED),
            ({"size_attribute": ("omitted",)}, "MNN wants the attribute hidden_size, which is optional", "returned"),
            ({"kind": ("GRU",), "weights": ("inputs",)}, "MNN wants constant weights of a GRU", FAILED),
            (
                {"kind": ("GRU",), "direction": ("both",), "reset_after": (False,)},
                "MNN returns nothing of such a GRU",
                "no output was returned",
            ),
            (
                {"kind": ("GRU", "LSTM"), "layout": (1,), "initial_state": (True,)},
                "MNN has no layout 1, and initial states of that layout do not fit",
                "no output was returned",
            ),
            *(
                (
                    {"kind": ("LSTM",), place: ("!tanh", "!sigmoid", "!relu", "!None")},
                    "MNN's LSTM has the activations sigmoid, tanh and relu",
                    FAILED,
                )
                for place in ("activation", "recurrent_activation", "output_activation")
            ),
        )
    ]
