"""PyTorch's LSTM and GRU through ``torch.ao.quantization.quantize_dynamic``: weights in 8 bits or in float16.

Options of its own, beside ``layout`` as in `layers`: ``weights_in``, ``qint8`` or ``float16``. With ``qint8`` the input
and the state h are rounded to 7 bits at run time, by the range that they have over the whole batch, and the input over
all steps: a row's answer depends on its neighbours. With ``float16`` kernels are rounded, and computed with in float32.

Of ``qint8`` only the LSTM of one layer is here: a GRU's h is rounded in one place and not in another, and the outputs
of lower layers are not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from refimpl.layouts import pytorch as layout
from refimpl.stack import Stack

from ...contract import Array, Case, Quantities
from ..eight_bits import each_step_alone, states_before
from ..program import Program, widened
from .base import products
from .layers import TorchLayers
from .programs import quantised as code

_LEVELS = 127
_LEAST_SCALE = 6.1e-5
_quantised: Any = code.quantised


def _cells() -> list[dict[str, Any]]:
    packed: dict[str, Sequence[Any]] = {"lengths": ("sorted", "unsorted"), "enforce_sorted": (False,)}
    directions: dict[str, Sequence[Any]] = {"direction": ("forward", "both"), "gradients": (False,)}
    layouts: dict[str, Sequence[Any]] = {"layout": ("batch-major", "time-major", "unbatched")}
    in_bytes = products(directions | layouts, directions | packed, weights_in=("qint8",), layers=(1,))
    in_halves = products(directions | layouts, directions | packed, weights_in=("float16",), layers=(1, 2))
    found = [entry for entry in in_bytes if entry["kind"] == "LSTM"]
    return found + [entry for entry in in_halves if entry["kind"] != "SimpleRNN" and entry["use_bias"][0]]


class TorchQuantised(TorchLayers):
    """``quantize_dynamic`` of ``torch.nn.LSTM`` and ``GRU``, on the engine that PyTorch takes by default."""

    name = "torch-quantised"
    program = Program(code.PREAMBLE, (*TorchLayers.program.functions, code.quantised, code.run_quantised_layer))
    dtypes: Sequence[str] = ("float32",)
    devices: Sequence[str] = ("cpu",)
    arithmetic: Mapping[str, str] = {}
    cells: Sequence[dict[str, Any]] = _cells()
    refused: Sequence[Mapping[str, Any]] = [
        {
            "when": {"use_bias": (False,)},
            "reason": "PyTorch quantises no layer without biases",
            "message": "mod.bias must be True",
        },
        {
            "when": {"layout": ("unbatched",)},
            "reason": "quantised layers take a batch alone",
            "message": "input must have 3 dimensions, got 2",
        },
    ]
    empty_batch = False

    def arguments(self, case: Case) -> dict[str, Any]:
        found = super().arguments(case)
        wanted = ("module", "options", "weights", "x", "hx", "lengths", "enforce_sorted")
        return {"weights_in": case.call_options["weights_in"]} | {name: found[name] for name in wanted if name in found}

    def case_as_computed(self, case: Case) -> Case:
        """Weights as they are stored; where they are bytes, each step from what was rounded before it."""
        if case.call_options["weights_in"] == "float16":
            return case.replace(params={name: _in_half(name, value) for name, value in case.params.items()})
        outputs = self.from_native(case, self.program(self.arguments(case)))["outputs"]
        before = states_before(case, outputs, _reversals(case), _in_7_bits, packed=True)
        return each_step_alone(case, self._in_8_bits(case), _input(case), before)

    def _in_8_bits(self, case: Case) -> Quantities:
        """The parameters that the quantised layer's bytes stand for, in float64; biases are not quantised."""
        found = self.arguments(case)
        layer = getattr(torch.nn, found["module"])(**found["options"])
        for name, value in found["weights"].items():
            getattr(layer, name).data = torch.tensor(value)
        weights = {name: np.asarray(value, np.float64) for name, value in found["weights"].items()}
        for name, stored in _quantised(layer, "qint8").get_weight().items():
            weights[name] = (stored.int_repr().numpy().astype(np.float64) - stored.q_zero_point()) * stored.q_scale()
        return layout.load(case.cell, weights, self.suffix)

    def missing(self, case: Case) -> dict[str, str]:
        return {"gates": "layers return outputs and final states only", "gradients": "quantised for inference only"}

    def described(self, case: Case) -> str:
        return f"quantize_dynamic to {case.call_options['weights_in']} of {super().described(case)}"


def _in_half(name: str, value: Array) -> Array:
    """A kernel rounded to float16; biases stay as they are."""
    return value if "bias" in name else value.astype(np.float16).astype(value.dtype)


def _reversals(case: Case) -> tuple[bool, ...]:
    return tuple(case.cell.layers[0].reversals) if isinstance(case.cell, Stack) else (case.reverse,)


def _input(case: Case) -> Array:
    """x, rounded by its range over all steps that rows have; what is behind their ends does not count."""
    steps = np.arange(case.x.shape[1])
    counts = np.ones(case.x.shape[:2], bool) if case.lengths is None else steps < case.lengths[:, None]
    found = np.zeros(case.x.shape)
    found[counts] = _in_7_bits(widened(case.x)[counts])
    return found


def _in_7_bits(values: Array) -> Array:
    """The numbers that integers from 0 to 127 stand for by the range of ``values`` and 0, as float64.

    Source: aten/src/ATen/native/quantized/cpu/QuantUtils.h, ChooseQuantizationParams with ``reduce_range``, and
    FBGEMM's Quantize, which multiplies by 1 / scale and clips at 255, PyTorch 2.13.
    """
    least, most = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (most - least) / _LEVELS
    if np.float32(scale) == 0 or np.isinf(np.float32(1) / np.float32(scale)):
        scale = 0.1
    if scale < _LEAST_SCALE:
        least, most = least * _LEAST_SCALE / scale, most * _LEAST_SCALE / scale
        scale = _LEAST_SCALE
    from_least, from_most = -least / scale, _LEVELS - most / scale
    zero = from_least if -abs(least / scale) < _LEVELS - abs(most / scale) else from_most
    zero = np.rint(np.clip(zero, 0, _LEVELS))
    steps: Array = np.rint(np.float32(zero) + values.astype(np.float32) * (np.float32(1) / np.float32(scale)))
    levels: Array = np.clip(steps, 0, 255).astype(np.float64)
    found: Array = (levels - zero) * float(np.float32(scale))
    return found
