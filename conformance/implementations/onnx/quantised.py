"""ONNX Runtime in 8 bits: nodes RNN, LSTM and GRU through ``quantize_dynamic``, which quantises the LSTM alone.

Weights become bytes with a scale, which the model holds. At run time X and, in each step, the state h are rounded to
bytes by the range that they have over the whole batch: a row's answer depends on its neighbours.

Options of its own are those of ``quantize_dynamic``: ``per_channel``, ``weight_type`` and ``reduce_range``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime

from refimpl.layouts import onnx as layout
from refimpl.stack import Stack

from ...contract import Array, Case, Quantities
from ..eight_bits import each_step_alone, rounded_to_8_bits, states_before
from ..program import Program
from . import operators
from .onnxruntime import run_onnxruntime
from .programs import nodes
from .programs import quantised as code

_EITHER = (False, True)
_CHOICES: Mapping[str, Any] = {"per_channel": _EITHER, "weight_type": ("QInt8", "QUInt8"), "reduce_range": _EITHER}
_ENTRIES: Sequence[Mapping[str, Any]] = [
    {"kind": "LSTM", **_CHOICES, "direction": operators.DIRECTIONS, "outputs": ("all", "states")},
    # Without the output Y a row that has ended is computed on, and counts in the range of the others' states: nobody
    # can see what it is then, so that lengths go with Y.
    {"kind": "LSTM", "direction": operators.DIRECTIONS, "lengths": operators.LENGTHS, "reduce_range": _EITHER},
    {"kind": "LSTM", "clip": _EITHER, "input_forget": _EITHER, "peepholes": _EITHER},
    {"kind": "LSTM", "activation": ("tanh", "relu"), "recurrent_activation": ("sigmoid", "tanh")},
    {"kind": "LSTM", "shapes": ("static", "dynamic")},
    *(
        {"kind": kind, "direction": operators.DIRECTIONS, **more}
        for kind in ("SimpleRNN", "GRU")
        for more in (_CHOICES, {"lengths": operators.LENGTHS})
    ),
]
_make_model: Any = nodes.make_model
_quantise: Any = code.quantise


class OnnxRuntimeInt8(operators.OnnxNode):
    """``onnxruntime.quantization.quantize_dynamic``, run on ``CPUExecutionProvider``."""

    name = "onnxruntime-int8"
    versions: Mapping[str, str] = {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}
    path = "quantize_dynamic, onnxruntime CPUExecutionProvider"
    run = staticmethod(run_onnxruntime)
    settings = tuple(_CHOICES)
    kernels: Sequence[str] = ("onnxruntime",)
    cells: Sequence[Mapping[str, Any]] = [
        {**entry, "gradients": (False,), "use_bias": (bias,), "use_recurrent_bias": (bias,)}
        for entry in _ENTRIES
        for bias in _EITHER
    ]
    program = Program(code.PREAMBLE, (nodes.make_model, run_onnxruntime, code.quantise, code.run_quantised))

    def case_as_computed(self, case: Case) -> Case:
        """Each step from what was rounded before it; what is no LSTM is not quantised."""
        if case.kind != "LSTM":
            return case
        arguments = self.arguments(case)
        arguments["node"]["outputs"] = ["Y", "Y_h", "Y_c"]
        outputs = layout.load_outputs(self.program(arguments)["Y"])
        params = self._in_8_bits(case, arguments)
        before = states_before(case, outputs, _reversals(case), rounded_to_8_bits, packed=False)
        return each_step_alone(case, params, _input_in_8_bits(case), before)

    def _in_8_bits(self, case: Case, arguments: Mapping[str, Any]) -> Quantities:
        """The parameters that the quantised model's bytes stand for, in float64."""
        model = _quantise(_make_model(inputs=arguments["inputs"], **arguments["node"]), **arguments["settings"])
        stored = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
        (node,) = model.graph.node
        weights = {name: np.asarray(value, np.float64) for name, value in self.dump(case.cell, case.params).items()}
        for name, (of, scale, zero) in {"W": (1, 8, 9), "R": (2, 10, 11)}.items():
            held, scales, zeros = (stored[node.input[k]].astype(np.float64) for k in (of, scale, zero))
            spread = (len(held), 1, -1)
            weights[name] = ((held - zeros.reshape(spread)) * scales.reshape(spread)).swapaxes(1, 2)
        return layout.load(case.cell, weights)


def _input_in_8_bits(case: Case) -> Array:
    """X, rounded by its range over all rows and all steps that any row has."""
    steps = case.x.shape[1] if case.lengths is None else int(case.lengths.max())
    found = np.zeros(case.x.shape)
    found[:, :steps] = rounded_to_8_bits(case.x[:, :steps])
    return found


def _reversals(case: Case) -> tuple[bool, ...]:
    """Of each direction whether it runs backwards."""
    return tuple(case.cell.layers[0].reversals) if isinstance(case.cell, Stack) else (case.reverse,)
