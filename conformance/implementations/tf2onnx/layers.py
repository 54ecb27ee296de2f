"""tf2onnx: Keras's recurrent layers as ONNX files, run by ONNX Runtime; values only.

Option of its own, beside those of `..keras.converted`: ``exporter``, which function makes the file. "from_function"
takes a `tf.function` of the model, with all sizes known; "from_keras" the model itself; "model.export" is Keras's,
which asks tf2onnx on this backend.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import onnx
import onnxruntime
import tensorflow

from ...contract import Case
from ..keras.converted import EITHER, GIVEN, MODEL_FUNCTIONS, NOT_GIVEN, ConvertedLayers, cells
from ..program import Program
from .programs import layers as code

logging.getLogger("tf2onnx").setLevel(logging.ERROR)  # it says at each call which of its passes it ran
onnxruntime.set_default_logger_severity(4)
_EXPORTERS = ("from_function", "from_keras", "model.export")
_ACTIVATIONS = ("relu", "sigmoid", "hard_sigmoid", "softplus", "softsign", "linear", "elu", "selu", "silu", "gelu")
_OWN: Sequence[Mapping[str, Any]] = (
    {"unroll": EITHER, "exporter": _EXPORTERS, **NOT_GIVEN},
    {"unroll": EITHER, "exporter": _EXPORTERS[1:], "mask": ("holes",), **GIVEN},
)


class Tf2Onnx(ConvertedLayers):
    """``tf2onnx.convert`` and ``keras.Model.export(format="onnx")``, run by ``onnxruntime.InferenceSession``."""

    name = "tf2onnx"
    versions: Mapping[str, str] = {
        "tf2onnx": version("tf2onnx"),
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
    }
    path = "tf2onnx, ONNX Runtime CPUExecutionProvider"
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = cells(_OWN, _ACTIVATIONS)
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {place: ("gelu",)},
            "reason": "tf2onnx leaves TensorFlow's Erfc in the file, which is no operator of ONNX's",
            "message": "No Op registered for Erfc",
        }
        for place in ("activation", "recurrent_activation")
    ]
    program = Program(code.PREAMBLE, (*MODEL_FUNCTIONS, code.export, code.run_tf2onnx))

    def arguments(self, case: Case) -> dict[str, Any]:
        return super().arguments(case) | {"exporter": case.call_options.get("exporter", "from_function")}
