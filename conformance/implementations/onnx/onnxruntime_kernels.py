"""The operators RNN, LSTM and GRU of ONNX Runtime's CPU provider, whichever of its packages runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...contract import Case, Observed
from . import operators

ABORTS = "ONNX Runtime ends the process by SIGABRT: a GRU or LSTM without rows, a GRU without steps"
_PATHS: dict[str, Any] = {"outputs": ("all", "states"), "weights": ("initializers", "inputs")}


class OnnxRuntimeKernels(operators.OnnxNode):
    """The options that the kernels have and what they refuse.

    They are float32; a float16 node is run by them, between casts that ONNX Runtime inserts. Weights that are
    initializers of an LSTM are packed once, those that are inputs are not.
    """

    kernels: Sequence[str] = ("onnxruntime",)
    dtypes: Sequence[str] = ("float32", "float16", "float64", "bfloat16")
    cells: Sequence[Mapping[str, Any]] = [
        *operators.entries(("float32", "float16"), _PATHS, every_triple_of_activations=True),
        *(
            {"kind": kind, "use_recurrent_bias": (True,), "gradients": (False,), "dtype": (dtype,)}
            for kind in ("SimpleRNN", "GRU", "LSTM")
            for dtype in ("float64", "bfloat16")
        ),
        *(
            {
                "kind": kind,
                "use_recurrent_bias": (True,),
                "gradients": (False,),
                "dtype": ("float32",),
                "direction": operators.DIRECTIONS,
                "lengths": operators.LENGTHS,
                "shapes": ("dynamic",),
            }
            for kind in ("SimpleRNN", "GRU", "LSTM")
        ),
    ]
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"layout": (1,)},
            "reason": "ONNX Runtime has no kernel for layout 1",
            "message": "Batchwise recurrent operations (layout == 1) are not supported",
        },
        {
            "when": {"size_attribute": ("omitted",)},
            "reason": "ONNX Runtime wants the attribute, which the operator leaves optional",
            "message": 'info.GetAttr("hidden_size"',
        },
        {
            "when": {"kind": ("LSTM", "GRU"), "dtype": ("float64",)},
            "reason": "ONNX Runtime's LSTM and GRU are registered for float64, but are not written for it",
            "message": "operator does not support double yet",
        },
        {
            "when": {"dtype": ("float64", "bfloat16")},
            "reason": "ONNX Runtime has no kernel for it on the CPU",
            "message": "Could not find an implementation for",
        },
    ]

    def observe(self, case: Case) -> Observed:
        batch, time, _ = case.x.shape
        if (not batch and case.kind != "SimpleRNN") or (not time and case.kind == "GRU"):
            raise RuntimeError(ABORTS)  # it would be the end of the suite's own process
        return super().observe(case)
