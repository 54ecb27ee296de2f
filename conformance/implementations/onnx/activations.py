"""The activations inside ONNX Runtime's recurrent operators: its RNN, GRU and LSTM each have code of their own.

Each is evaluated by one step of an operator whose state becomes a known multiple of f(x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from ...contract import Array
from ..activations import Evaluate, Evaluated

# The oracle's name to the operators', and the parameters that the oracle's name without parentheses stands for.
_NAMES: Mapping[str, tuple[str, list[float]]] = {
    "relu": ("Relu", []),
    "tanh": ("Tanh", []),
    "sigmoid": ("Sigmoid", []),
    "affine": ("Affine", []),
    "leaky_relu": ("LeakyRelu", [0.2]),
    "thresholded_relu": ("ThresholdedRelu", []),
    "scaled_tanh": ("ScaledTanh", []),
    "hard_sigmoid": ("HardSigmoid", [1 / 6, 0.5]),
    "hard_sigmoid_keras2": ("HardSigmoid", [0.2, 0.5]),
    "elu": ("Elu", [1.0]),
    "softsign": ("Softsign", []),
    "softplus": ("Softplus", []),
}


class OnnxRuntimeRNN:
    """Those of the operator RNN, whose state is f(x)."""

    version = f"onnxruntime {onnxruntime.__version__}"

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate | None:
        """The operator's activation; its Relu has no parameters."""
        if name not in _NAMES or (name == "relu" and numbers):
            return None
        activation, defaults = _NAMES[name]
        letters = ("activation_alpha", "activation_beta")
        attributes: dict[str, Any] = {k: [n] for k, n in zip(letters, numbers or defaults, strict=False)}
        return _by_one_step("RNN", [1], 1.0, activations=[activation], **attributes)


class OnnxRuntimeGRU:
    """The GRU's tanh: its update gate is 1/2, exactly."""

    version = OnnxRuntimeRNN.version

    def evaluator(self, name: str, _: Sequence[float]) -> Evaluate | None:
        """Of ``tanh`` alone."""
        return _by_one_step("GRU", [0, 0, 1], 2.0) if name == "tanh" else None


class OnnxRuntimeLSTM:
    """The LSTM's sigmoid: the output gate, of a cell state of 1/2 · 2."""

    version = OnnxRuntimeRNN.version

    def evaluator(self, name: str, _: Sequence[float]) -> Evaluate | None:
        """Of ``sigmoid`` alone."""
        affine = {"activation_alpha": [0.0, 1.0], "activation_beta": [2.0, 0.0]}
        activations = {"activations": ["Sigmoid", "Affine", "Affine"]} | affine
        return _by_one_step("LSTM", [0, 1, 0, 0], 1.0, **activations) if name == "sigmoid" else None


def _by_one_step(kind: str, kernel: list[float], scale: float, **attributes: Any) -> Evaluate:
    """``scale`` times the state after one step of a node with that kernel, one number a gate, and no recurrence."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    node = helper.make_node(kind, list("xWR"), ["", "h"], hidden_size=1, **attributes)
    weights: list[int | None] = [1, len(kernel), 1]
    shapes: dict[str, list[int | None]] = {"x": [1, None, 1], "W": weights, "R": weights, "h": [1, None, 1]}
    values = {k: helper.make_tensor_value_info(k, TensorProto.FLOAT, shape) for k, shape in shapes.items()}
    graph = helper.make_graph([node], "one_step", [values[k] for k in "xWR"], [values["h"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    w = np.array(kernel, np.float32).reshape(1, -1, 1)

    def evaluate(dtype: str, x: Array) -> Evaluated | None:
        if dtype != "float32":
            return None
        (h,) = session.run(None, {"x": x.astype(np.float32).reshape(1, -1, 1), "W": w, "R": 0 * w})
        return scale * h.reshape(-1).astype(np.float64), None

    return evaluate
