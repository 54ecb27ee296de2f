"""ONNX: the operators RNN, LSTM and GRU as the reference evaluator of the ``onnx`` package runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from . import operators


def run_reference(model: bytes, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
    """The outputs of these names, as the reference evaluator computes them."""
    return list(ReferenceEvaluator(model).run(outputs, inputs))


class OnnxReference(operators.OnnxNode):
    """``onnx.reference.ReferenceEvaluator``: the operators in NumPy."""

    name = "onnx-reference"
    versions: Mapping[str, str] = {"onnx": onnx.__version__}
    path = "onnx.reference.ReferenceEvaluator"
    dtypes = ("float64", "float32", "float16", "bfloat16")
    imports = "from onnx.reference import ReferenceEvaluator"
    run = staticmethod(run_reference)
    cells: Sequence[Mapping[str, Any]] = operators.entries(
        dtypes, {"outputs": ("all", "states")}, every_triple_of_activations=False
    )
