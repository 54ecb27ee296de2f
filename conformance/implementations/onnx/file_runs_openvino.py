"""An ONNX file run by OpenVINO on its CPU plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contract import Array
from .file_runs import run_by
from .openvino import run_openvino


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """See `file_runs`."""
    return run_by(_session, path, inputs, options)


def _session(model: bytes, outputs: Sequence[str], inputs: Mapping[str, Array]) -> Sequence[Any]:
    return run_openvino(model, dict(inputs), list(outputs))
