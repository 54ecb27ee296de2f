"""An ONNX file run by ONNX Runtime on its CPU provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnxruntime

from ...contract import Array
from .file_runs import run_by


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """See `file_runs`."""
    return run_by(_session, path, inputs, options)


def _session(model: bytes, outputs: Sequence[str], inputs: Mapping[str, Array]) -> Sequence[Any]:
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    made = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    found: Sequence[Any] = made.run(list(outputs), dict(inputs))
    return found
