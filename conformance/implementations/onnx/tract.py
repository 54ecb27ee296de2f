"""tract: ONNX models in Sonos's inference engine, which is written in Rust (options: `operators`)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tract

from . import operators


def run_tract(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as tract computes them; it wants the model as a file, and inputs in its order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model)
        loaded = tract.onnx().load(path)
    given = [inputs[loaded.input_name(k)] for k in range(loaded.input_count())]
    found = loaded.into_model().into_runnable().run(given)
    return [array.to_numpy() for array in found]  # in the model's order, which is that of ``outputs``


class Tract(operators.OnnxNode):
    """``tract.onnx().load(…)``, made a typed model, optimised and run."""

    name = "tract"
    versions: Mapping[str, str] = {"tract": tract.version(), "onnx": onnx.__version__}
    path = "tract CPU"
    imports = "import tempfile\nfrom pathlib import Path\nimport tract"
    run = staticmethod(run_tract)
    own_process = True  # a panic of Rust ends it
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"lengths": ("sorted", "unsorted", "zero")},
            "reason": "tract takes no lengths but a constant that is the time of all rows",
            "message": "Non constant seq_len is not supported",
        },
        {
            "when": {"layout": (1,), "direction": ("both",)},
            "reason": "tract has layout 1 in one direction only",
            "message": "Output mismatch after rewiring expansion",
        },
    ]
