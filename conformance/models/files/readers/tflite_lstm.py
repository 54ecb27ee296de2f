"""TensorFlow Lite's fused LSTM: one operator with every gate's weights as an input of its own.

Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc, TensorFlow 2.21: the order of its 20 or 24 inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import refimpl as ri

from ....contract import Array
from ..model import Node, Recurrent
from .loops.wiring import turned
from .tflite_operators import FUSED

_GATES = (1, 2, 3, 4)  # the input's kernels of i, f, g, o; those of the state are four further on
_PEEPHOLES, _BIASES, _PROJECTION, _STATES, _NORMS = range(9, 12), range(12, 16), (16, 17), (18, 19), range(20, 24)


def fused(
    node: Node, constants: Mapping[str, Array], quantised: set[str], options: Any, outer: Mapping[str, Node]
) -> Node:
    """The recurrent layer that the operator is; or why the oracle cannot compute it."""
    if node.operator != "UNIDIRECTIONAL_SEQUENCE_LSTM" or options is None:
        return replace(node, unknown=f"{node.operator} is not modelled")
    inputs = (*node.inputs, *[""] * (24 - len(node.inputs)))

    def held(k: int) -> Array | None:
        return constants.get(inputs[k])

    more = (("peepholes", _PEEPHOLES), ("a projection", _PROJECTION), ("normalised gates", _NORMS))
    why = [words for words, places in more if any(inputs[k] for k in places)]
    kernels, recurrent = [held(k) for k in _GATES], [held(k + 4) for k in _GATES]
    if why or any(each is None for each in (*kernels, *recurrent)):
        return replace(node, unknown=f"an LSTM with {' and '.join(why or ['weights that are computed at run time'])}")
    if FUSED.get(options.FusedActivationFunction()) not in ("Tanh", "Relu"):
        return replace(node, unknown="an LSTM with another activation than tanh and relu")
    kernel = np.concatenate([each.T for each in kernels if each is not None], axis=1)
    params = {"kernel": kernel}
    params["recurrent_kernel"] = np.concatenate([each.T for each in recurrent if each is not None], axis=1)
    biases = [held(k) for k in _BIASES]
    has_bias = all(each is not None for each in biases)
    if has_bias:
        params["bias"] = np.concatenate([each for each in biases if each is not None])
    curve = {"Tanh": "tanh", "Relu": "relu"}[FUSED[options.FusedActivationFunction()]]
    cell = ri.LSTM(kernel.shape[0], kernel.shape[1] // 4, activation=curve, use_bias=has_bias)
    time_first = bool(options.TimeMajor())
    ahead = turned(inputs[0], constants, outer, 0 if time_first else 1)
    attributes = {**node.attributes, "quantised": bool(set(inputs) & quantised)}
    options_told = {"batch_major": not time_first, "cell_clip": float(options.CellClip())}
    return replace(
        node,
        inputs=(ahead or inputs[0],),
        roles=("x",),
        attributes=attributes,
        recurrent=Recurrent(cell, params, "loop", bool(ahead), "repeat", True, options_told),
    )
