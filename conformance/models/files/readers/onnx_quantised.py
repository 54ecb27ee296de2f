"""ONNX Runtime's LSTM in 8 bits, as the LSTM whose weights its numbers stand for: its input is rounded at run time.

Source: onnxruntime/docs/ContribOperators.md, com.microsoft.DynamicQuantizeLSTM, ONNX Runtime 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ....contract import Array
from ..model import Node

OPERATOR = "DynamicQuantizeLSTM"
_WEIGHTS = ((1, 8, 9), (2, 10, 11))  # a kernel, its scale and its zero point


def as_lstm(node: Node, constants: Mapping[str, Array]) -> tuple[Node, dict[str, Array]]:
    """The operator LSTM with the weights under the same names; those that are no constants are left out."""
    found = dict(constants)
    for kernel, scale, zero in _WEIGHTS:
        names = [node.inputs[k] if len(node.inputs) > k else "" for k in (kernel, scale, zero)]
        held = [constants.get(name) for name in names]
        if held[0] is None or held[1] is None:
            found.pop(names[0], None)
            continue
        stored = held[0].astype(np.float64)
        shape = (stored.shape[0], 1, -1)
        centre = 0.0 if held[2] is None else held[2].astype(np.float64).reshape(shape)
        wide = (stored - centre) * held[1].astype(np.float64).reshape(shape)
        found[names[0]] = wide.swapaxes(1, 2).astype(np.float32)
    return replace(node, operator="LSTM", inputs=node.inputs[:8]), found
