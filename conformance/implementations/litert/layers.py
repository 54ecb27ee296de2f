"""LiteRT: Keras's recurrent layers as TensorFlow's converter makes them, a ``.tflite`` file; values only, in float32.

Options of its own, beside those of `..keras.converted`:

===========  =======================================================================================================
``kernels``  ``default``: XNNPACK's, where it has them; ``builtin``: LiteRT's own; ``reference``: its plain ones
``calls``    how often the file is called; the last call counts, and must be as the first
===========  =======================================================================================================

``weights_in``, "int8", is the converter's dynamic range. No run asks for it, as its kernels do not say what they round
on the way; `conformance.truth.quantised_errors` measures what it loses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow

from ...contract import Case
from ..keras.converted import EITHER, MODEL_FUNCTIONS, NO, NOT_GIVEN, ConvertedLayers, cells
from ..program import Program
from .programs import layers as code

_ACTIVATIONS = (*("relu", "sigmoid", "hard_sigmoid", "softplus", "linear", "elu", "selu", "silu", "gelu"),)
_OWN: Sequence[Mapping[str, Any]] = (
    {"unroll": EITHER, "kernels": ("default", "builtin", "reference"), **NOT_GIVEN},
    {"unroll": EITHER, "calls": (2,), **NOT_GIVEN},
)


class LiteRt(ConvertedLayers):
    """``tf.lite.TFLiteConverter.from_keras_model``, run by ``ai_edge_litert.interpreter.Interpreter``."""

    name = "litert"
    versions: Mapping[str, str] = {
        "ai-edge-litert": version("ai-edge-litert"),
        "tensorflow": tensorflow.__version__,
        "keras": keras.__version__,
    }
    path = "TFLiteConverter.from_keras_model, LiteRT Interpreter"
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = cells(_OWN, _ACTIVATIONS)
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"batch": ("open",), "unroll": NO},
            "reason": "a loop's list of outputs is of a size that the converter must know",
            "message": "Select TF ops",
        }
    ]
    program = Program(code.PREAMBLE, (*MODEL_FUNCTIONS, code.convert, code.run_file, code.run_litert))

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case) | {"kernels": case.call_options.get("kernels", "default")}
        return found | {name: case.call_options[name] for name in ("calls", "weights_in") if name in case.call_options}
