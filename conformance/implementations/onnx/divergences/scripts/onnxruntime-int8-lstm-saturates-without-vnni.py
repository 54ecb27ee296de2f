"""ONNX Runtime: an LSTM made by quantize_dynamic adds up 8-bit products in 16 bits on AVX2 without VNNI."""

import tempfile

import numpy as np
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

held = [numpy_helper.from_array(np.full((1, 4, n), n / 4, np.float32), name) for name, n in {"W": 4, "R": 1}.items()]
x, y = helper.make_tensor_value_info("X", 1, [1, 1, 4]), helper.make_tensor_value_info("Y", 1, None)
graph = helper.make_graph([helper.make_node("LSTM", ["X", "W", "R"], ["Y"], hidden_size=1)], "g", [x], [y], held)
path = f"{tempfile.mkdtemp()}/int8.onnx"
quantize_dynamic(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
gate = 1 / (1 + np.exp(-4.0))  # 4 times 1 times 1, which 8 bits hold exactly
off = abs(session.run(None, {"X": np.ones((1, 1, 4), np.float32)})[0].item() - gate * np.tanh(gate * np.tanh(4.0)))
raise SystemExit(f"the output is off by {off:.2g}" if off > 1e-3 else 0)
