"""LiteRT: Keras's recurrent layers as TensorFlow's converter makes them, a ``.tflite`` file; values only, in float32.

Options of its own, beside those of Keras (`..keras.options`): ``unroll``, ``implementation``, ``wrapper``,
``mask_from``, ``return_state`` and ``idle_dropout``:

===========  =======================================================================================================
``kernels``  ``default``: XNNPACK's, where it has them; ``builtin``: LiteRT's own; ``reference``: its plain ones
``batch``    ``fixed``: the model says how many rows; ``open``: it does not, and only what is unrolled converts
``calls``    how often the file is called; the last call counts, and must be as the first
===========  =======================================================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow

from refimpl.layouts import keras as layout

from ...contract import Array, Case, Quantities
from ..keras.build_arguments import build_arguments
from ..keras.programs import layers as keras_code
from ..program import Program, ProgramImplementation, Weights
from .programs import layers as code

_EITHER, _NO = (False, True), (False,)
_MASKS = ("right", "left", "holes", "rows")
_ACTIVATIONS = ("relu", "sigmoid", "hard_sigmoid", "softplus")
_KINDS: Sequence[Mapping[str, Any]] = (
    {"kind": "SimpleRNN"},
    {"kind": "LSTM"},
    {"kind": "GRU"},
    {"kind": "GRU", "reset_after": _NO, "use_recurrent_bias": _NO},
)
_BACKWARD = {"direction": ("backward",), "output_order": ("processing",)}
_GIVEN: Mapping[str, Any] = {"initial_state": (True,)}
_WAYS: Sequence[Mapping[str, Any]] = (
    {"unroll": _EITHER, "kernels": ("default", "builtin", "reference"), "initial_state": _NO},
    {"unroll": _EITHER, **_BACKWARD, "return_sequences": _EITHER, **_GIVEN},
    {"unroll": _EITHER, "mask": _MASKS, **_GIVEN},
    {"unroll": _NO, "mask": _MASKS[:1], "mask_from": ("argument", "Masking", "Embedding")},
    {"unroll": _EITHER, "mask": _MASKS[::2], "masked_output": ("zeros",), "initial_state": _NO},
    {"unroll": _EITHER, "mask": _MASKS[::2], **_BACKWARD, "return_sequences": _NO, **_GIVEN},
    {"unroll": _EITHER, "direction": ("both",), **_GIVEN},
    {"unroll": (True,), "direction": ("both",), "merge": ("sum", "mul", "ave"), "initial_state": _NO},
    {"unroll": _NO, "direction": ("both",), "mask": _MASKS[::2], "masked_output": ("zeros",), **_GIVEN},
    {"unroll": _EITHER, "layers": (2,), "wrapper": ("layer", "StackedRNNCells"), **_GIVEN},
    {"unroll": _EITHER, "wrapper": ("RNN(cell)",), "return_state": _EITHER, **_GIVEN},
    {"unroll": _EITHER, "idle_dropout": (True,), "initial_state": _NO},
    {"unroll": _EITHER, "calls": (2,), "initial_state": _NO},
    {"unroll": _EITHER, "batch": ("open",), "initial_state": _NO},
)


def _cells() -> list[Mapping[str, Any]]:
    """Every way for the three layers, and those in which the converter could differ for a GRU that resets before."""
    *layers, resets_before = _KINDS
    found: list[Mapping[str, Any]] = [{**kind, **way} for kind in layers for way in _WAYS]
    found += [{**resets_before, **way} for way in _WAYS[:3]]
    for kind in layers:
        found.append({**kind, "activation": _ACTIVATIONS, "unroll": (True,), **_GIVEN})
        if kind["kind"] != "SimpleRNN":
            found.append({**kind, "recurrent_activation": _ACTIVATIONS, "unroll": (True,), **_GIVEN})
            found.append({**kind, "implementation": (1, 2), "unroll": _EITHER, "initial_state": _NO})
        without = {"use_bias": _NO, "use_recurrent_bias": _NO} if kind["kind"] == "GRU" else {"use_bias": _NO}
        found.append({**kind, **without, "unroll": _EITHER, **_GIVEN})
    return [{**entry, "gradients": _NO} for entry in found]


class LiteRt(ProgramImplementation):
    """``tf.lite.TFLiteConverter.from_keras_model``, run by ``ai_edge_litert.interpreter.Interpreter``."""

    name = "litert"
    versions: Mapping[str, str] = {
        "ai-edge-litert": version("ai-edge-litert"),
        "tensorflow": tensorflow.__version__,
        "keras": keras.__version__,
    }
    path = "TFLiteConverter.from_keras_model, LiteRT Interpreter"
    dtypes: Sequence[str] = ("float32",)
    cells: Sequence[Mapping[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"batch": ("open",), "unroll": _NO},
            "reason": "a loop's list of outputs is of a size that the converter must know",
            "message": "Select TF ops",
        }
    ]
    expensive = True  # each case is converted anew, which takes a second
    sizes: Mapping[str, int] | None = {"batch": 3, "time": 4, "input": 2, "hidden": 5}
    threads = False
    program = Program(
        code.PREAMBLE,
        (
            *(keras_code.as_list, keras_code.flat, keras_code.picked, keras_code.call_layers),
            *(code.make_layer, code.build_model, code.convert, code.run_file, code.run_litert),
        ),
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        built, _ = build_arguments(case)
        for layer in built["layers"]:
            for _, options in [*layer["cells"], *layer.get("backward_cells", ())]:
                del options["kernel_initializer"], options["recurrent_initializer"], options["dtype"]
        model = {name: built[name] for name in ("layers", "inputs", "states", "source", "flip")}
        given = zip(case.state_names, case.initial_state or (), strict=False)
        found: dict[str, Any] = {
            "model": model | {"batch": case.call_options.get("batch", "fixed")},
            "weights": layout.dump(case.cell, case.params),
            "x": case.x,
            "mask": case.mask,
            "states": {f"initial_state.{name}": part for name, part in given},
            "names": ["outputs", *(f"state.{name}" for name in case.state_names)],
            "kernels": case.call_options.get("kernels", "default"),
        }
        return found | ({"calls": 2} if case.call_options.get("calls") == 2 else {})

    def from_native(self, case: Case, native: Quantities) -> dict[str, Array]:
        ours = super().from_native(case, native)
        return ours | ({} if case.return_sequences else {"outputs": ours["outputs"][:, None]})

    def to_native(self, case: Case, ours: Quantities) -> dict[str, Array]:
        native = super().to_native(case, ours)
        return native if case.return_sequences else native | {"outputs": native["outputs"][:, 0]}

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return {str(k): array for k, array in enumerate(layout.dump(cell, params))}

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, list(weights.values()))

    def missing(self, case: Case) -> dict[str, str]:
        found = {
            "gates": "Keras layers give outputs and final states only",
            "gradients": "LiteRT is for inference only",
        }
        return found | ({"state": "return_state is False"} if case.call_options.get("return_state") is False else {})
