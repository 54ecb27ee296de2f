"""ONNX: the operators RNN, LSTM and GRU as the reference evaluator of the ``onnx`` package runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx

from ..program import Program
from . import operators
from .programs import reference as code


class OnnxReference(operators.OnnxNode):
    """``onnx.reference.ReferenceEvaluator``: the operators in NumPy."""

    name = "onnx-reference"
    versions: Mapping[str, str] = {"onnx": onnx.__version__}
    path = "onnx.reference.ReferenceEvaluator"
    dtypes = ("float64", "float32", "float16", "bfloat16")
    program = Program(
        f"{operators.PREAMBLE}\nfrom onnx.reference import ReferenceEvaluator", (code.make_model, code.run_reference)
    )
    cells: Sequence[Mapping[str, Any]] = operators.entries(
        dtypes, {"outputs": ("all", "states")}, every_triple_of_activations=False
    )
