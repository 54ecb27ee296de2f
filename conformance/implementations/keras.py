"""Keras: the layers ``SimpleRNN``, ``LSTM``, ``GRU`` on the backend that ``KERAS_BACKEND`` names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

os.environ["JAX_ENABLE_X64"] = "1"  # read when JAX is imported; without it float64 is silently float32
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from refimpl.layouts import keras as layout

from ..cases import Case, Observed, Quantities
from .program import Program, ProgramImplementation, Weights
from .programs import keras as code
from .torch_build import refuse_an_unwanted_cuda_build

_NAMES = ("kernel", "recurrent_kernel", "bias")
_ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid")
_FORGET_EVERY = 100  # every case compiles anew, and what was compiled is kept: gigabytes after some thousands
_PREAMBLE = f"""\
import os
os.environ["KERAS_BACKEND"] = {keras.backend.backend()!r}
os.environ["JAX_ENABLE_X64"] = "1"
import keras
{code.backend.PREAMBLE}"""


def _cells() -> list[Mapping[str, Any]]:
    gated = {"activation": _ACTIVATIONS, "recurrent_activation": _ACTIVATIONS}
    either, off = (True, False), (False,)
    return [
        {"kind": "SimpleRNN", "activation": _ACTIVATIONS, "use_bias": either},
        {"kind": "LSTM", **gated, "use_bias": either},
        {"kind": "GRU", "reset_after": (True,), **gated},
        {"kind": "GRU", "reset_after": either, **gated, "use_bias": off, "use_recurrent_bias": off},
        {"kind": "GRU", "reset_after": off, **gated, "use_recurrent_bias": off},
    ]


class KerasLayers(ProgramImplementation):
    """``keras.layers.SimpleRNN``, ``LSTM`` and ``GRU``, called directly, not unrolled."""

    name = f"keras-{keras.backend.backend()}"
    versions: Mapping[str, str] = {"keras": keras.__version__, **code.backend.VERSION}
    path = f"keras layers called directly on {keras.backend.backend()}"
    program = Program(_PREAMBLE, (code.vector_jacobian_product, code.run_layer))
    dtypes = ("float64", "float32")
    cells: Sequence[Mapping[str, Any]] = _cells()

    def __init__(self) -> None:
        if keras.backend.backend() == "torch":
            refuse_an_unwanted_cuda_build(code.backend.torch)
        self._observed = 0

    def observe(self, case: Case) -> Observed:
        self._observed += 1
        if self._observed % _FORGET_EVERY == 0:
            code.backend.forget()
        return super().observe(case)

    def arguments(self, case: Case) -> dict[str, Any]:
        cell = case.cell
        options: dict[str, Any] = {"units": cell.hidden_size, "use_bias": cell.use_bias, "dtype": str(case.dtype)}
        # The weights are set in a moment; on JAX, drawing fresh ones first would take most of the time.
        options |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
        if case.kind == "LSTM":
            options["unit_forget_bias"] = False
        for name in ("activation", "recurrent_activation", "reset_after"):
            if hasattr(cell, name):
                options[name] = getattr(cell, name)
        return {
            "layer_name": case.kind,
            "options": options,
            "weights": self.dump(cell, case.params),
            "x": case.x,
            "initial_state": case.initial_state,
            "state_names": case.state_names,
            "d_outputs": case.d_outputs,
            "d_state": case.d_state,
        }

    def dump(self, cell: Any, params: Quantities) -> Weights:
        return dict(zip(_NAMES, layout.dump(cell, params), strict=False))

    def load(self, cell: Any, weights: Weights) -> Quantities:
        return layout.load(cell, [weights[name] for name in _NAMES if name in weights])

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "keras layers return outputs and final states only"}
