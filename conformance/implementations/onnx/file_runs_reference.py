"""An ONNX file run by the reference evaluator of the ``onnx`` package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx.reference import ReferenceEvaluator

from ...contract import Array
from .file_runs import run_by


def run(path: str, inputs: Mapping[str, Array], options: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """See `file_runs`."""
    return run_by(_session, path, inputs, options)


def _session(model: bytes, outputs: Sequence[str], inputs: Mapping[str, Array]) -> Sequence[Any]:
    found: Sequence[Any] = ReferenceEvaluator(onnx.load_model_from_string(model)).run(list(outputs), dict(inputs))
    return found
