"""One framework's activations, in a process of its own: ``python -m conformance.truth.activation_worker``.

Keras fixes its backend when it is imported, so no two of them share a process.
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.activations import named

from ..contract import Array

Evaluate = Callable[[str, Array], tuple[Array, Array | None] | None]
"""From the precision's name and float64 numbers of that precision: values and slopes, None where it cannot."""

SHORT = 3
"""Also asked in arrays as short as a small layer's: vector units leave these to other code."""


def main(arguments: Sequence[str]) -> int:
    """``FRAMEWORK FOLDER``: evaluates the activations named in the folder, at the points that lie there."""
    framework, folder = arguments
    names = json.loads((Path(folder) / "names.json").read_text())
    make, version = BUILDERS[framework.partition("-")[0]](framework)
    answers: dict[str, Array] = {}
    with (
        np.load(Path(folder) / "points.npz", allow_pickle=False) as at,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        for name in names:
            evaluate = make(*_parts(name))
            for dtype in at.files if evaluate else ():
                found = evaluate(dtype, at[dtype])
                if found is not None:
                    values, slopes = _with_short(evaluate, dtype, at[dtype], *found)
                    answers[f"{name}/{dtype}/value"] = values
                    if slopes is not None:
                        answers[f"{name}/{dtype}/slope"] = slopes
    np.savez(Path(folder) / "answers.npz", **answers)  # type: ignore[arg-type]
    print(version)
    return 0


def _with_short(
    evaluate: Evaluate, dtype: str, x: Array, values: Array, slopes: Array | None
) -> tuple[Array, Array | None]:
    """The same, but every eleventh three points evaluated three at a time."""
    for start in range(0, len(x) - SHORT, 11 * SHORT):
        here = slice(start, start + SHORT)
        short = evaluate(dtype, x[here])
        assert short is not None
        values[here] = short[0]
        if slopes is not None:
            slopes[here] = short[1]
    return values, slopes


def _parts(name: str) -> tuple[str, list[float]]:
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", name)
    assert found
    return found[1], [float(number) for number in found[2].split(",")] if found[2] else []


def _numpy(_: str) -> Any:
    def make(name: str, numbers: list[float]) -> Evaluate:
        f = named(f"{name}({','.join(map(repr, numbers))})" if numbers else name)

        def evaluate(dtype: str, x: Array) -> tuple[Array, Array | None] | None:
            if dtype not in ("float64", "float32"):
                return None
            typed = x.astype(dtype)
            y = f(typed)
            return y.astype(np.float64), f.derivative(y, typed).astype(np.float64)

        return evaluate

    return make, f"numpy {np.__version__}"


def _torch(framework: str) -> Any:
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    version = f"torch {torch.__version__}"
    if framework.endswith("lstm"):
        return _of_torch_lstm, version
    plain = {
        "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "hard_sigmoid": F.hardsigmoid,
        "hard_silu": F.hardswish,
        "exponential": torch.exp,
        "log_sigmoid": F.logsigmoid,
        "hard_tanh": F.hardtanh,
        "tanh_shrink": F.tanhshrink,
        **{
            name: getattr(F, name) for name in ("gelu", "mish", "relu", "relu6", "selu", "silu", "softplus", "softsign")
        },
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "leaky_relu": lambda x, a=0.2: F.leaky_relu(x, a),
        "elu": F.elu,
        "celu": F.celu,
        "hard_shrink": F.hardshrink,
        "soft_shrink": F.softshrink,
        "threshold": F.threshold,
    }

    def make(name: str, numbers: list[float]) -> Evaluate | None:
        function = plain.get(name)
        if function is None or (numbers and name in ("hard_sigmoid", "relu")):
            return None
        return _by_torch(lambda x: function(x, *numbers))

    return make, version


def _of_torch_lstm(name: str, _: list[float]) -> Evaluate | None:
    """By one step of a layer, as in float32 oneDNN computes it: its cell state is f(x) / 2, exactly."""
    import torch

    kernels, began = {"sigmoid": [0.0, 1, 0, 0], "tanh": [0.0, 0, 1, 0]}, {"sigmoid": 0.5, "tanh": 0.0}
    if name not in kernels:
        return None
    layer = torch.nn.LSTM(1, 1, bias=False)
    layer.weight_ih_l0 = torch.nn.Parameter(torch.tensor(kernels[name]).reshape(4, 1))
    torch.nn.init.zeros_(layer.weight_hh_l0)

    def cell_state(x: Any) -> Any:
        rows = (1, len(x), 1)
        _, (_, state) = layer(x.reshape(rows), (torch.zeros(rows), torch.full(rows, began[name])))
        return 2 * state.reshape(-1)

    evaluate = _by_torch(cell_state)
    return lambda dtype, x: evaluate(dtype, x) if dtype == "float32" else None


def _by_torch(function: Callable[[Any], Any]) -> Evaluate:
    import torch

    def evaluate(dtype: str, x: Array) -> tuple[Array, Array | None] | None:
        t = torch.tensor(x, dtype=getattr(torch, dtype), requires_grad=True)
        y = function(t)
        (slope,) = torch.autograd.grad(y.sum(), t)
        return y.detach().double().numpy().copy(), slope.double().numpy().copy()

    return evaluate


def _keras(framework: str) -> Any:
    os.environ["KERAS_BACKEND"] = backend = framework.partition("-")[2]
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    import keras

    by = {"torch": _by_torch, "jax": _by_jax, "tensorflow": _by_tensorflow}[backend]
    version = f"keras {keras.__version__} on {backend} {sys.modules[backend].__version__}"

    def make(name: str, numbers: list[float]) -> Evaluate | None:
        function = getattr(keras.activations, "gelu" if name == "gelu_tanh" else name, None)
        if function is None or name == "linear" or (name == "hard_sigmoid" and numbers):
            return None
        if name == "gelu_tanh":
            return by(lambda x: function(x, approximate=True))
        return by(lambda x: function(x, *numbers))

    return make, version


def _by_jax(function: Callable[[Any], Any]) -> Evaluate:
    import jax
    from jax import numpy as jnp

    both = jax.jit(lambda x: (lambda y, pull: (y, pull(jnp.ones_like(y))[0]))(*jax.vjp(function, x)))

    def evaluate(dtype: str, x: Array) -> tuple[Array, Array | None] | None:
        y, slope = both(jnp.asarray(x).astype(dtype))
        return np.array(y, np.float64), np.array(slope, np.float64)

    return evaluate


def _by_tensorflow(function: Callable[[Any], Any]) -> Evaluate:
    import tensorflow as tf

    def evaluate(dtype: str, x: Array) -> tuple[Array, Array | None] | None:
        t = tf.cast(tf.constant(x), dtype)
        with tf.GradientTape() as tape:
            tape.watch(t)
            y = function(t)
        slope = tape.gradient(y, t)
        return tf.cast(y, "float64").numpy().copy(), tf.cast(slope, "float64").numpy().copy()

    return evaluate


# Our name: theirs, and the numbers that ours has without parentheses.
_ONNX: dict[str, tuple[str, list[float]]] = {
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


def _onnxruntime(framework: str) -> Any:
    """By one step of a recurrent operator whose state is f(x): its RNN, GRU and LSTM each have code of their own."""
    import onnxruntime

    kind = framework.partition("-")[2].upper() or "RNN"

    def make(name: str, numbers: list[float]) -> Evaluate | None:
        if kind == "GRU":  # z = 1/2, exactly
            return _by_onnx("GRU", [0, 0, 1], 2.0) if name == "tanh" else None
        if kind == "LSTM":  # the output gate of a cell state of 1/2 · 2
            affine = {"activation_alpha": [0.0, 1.0], "activation_beta": [2.0, 0.0]}
            only = {"activations": ["Sigmoid", "Affine", "Affine"]} | affine
            return _by_onnx("LSTM", [0, 1, 0, 0], 1.0, **only) if name == "sigmoid" else None
        if name not in _ONNX or (name == "relu" and numbers):
            return None
        there, defaults = _ONNX[name]
        letters = ("activation_alpha", "activation_beta")
        attributes: dict[str, Any] = {k: [n] for k, n in zip(letters, numbers or defaults, strict=False)}
        return _by_onnx("RNN", [1], 1.0, activations=[there], **attributes)

    return make, f"onnxruntime {onnxruntime.__version__}"


def _by_onnx(kind: str, kernel: list[float], scale: float, **attributes: Any) -> Evaluate:
    import onnxruntime
    from onnx import TensorProto, helper

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

    def evaluate(dtype: str, x: Array) -> tuple[Array, Array | None] | None:
        if dtype != "float32":
            return None
        (h,) = session.run(None, {"x": x.astype(np.float32).reshape(1, -1, 1), "W": w, "R": 0 * w})
        return scale * h.reshape(-1).astype(np.float64), None

    return evaluate


BUILDERS: dict[str, Callable[[str], Any]] = {
    "numpy": _numpy,
    "torch": _torch,
    "keras": _keras,
    "onnxruntime": _onnxruntime,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
