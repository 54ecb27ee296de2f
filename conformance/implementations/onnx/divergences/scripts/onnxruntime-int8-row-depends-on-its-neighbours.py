"""ONNX Runtime: an LSTM made by quantize_dynamic answers a row alone otherwise than beside a row of larger numbers."""

import tempfile

import numpy as np
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

each = {"W": np.linspace(-1, 1, 24).reshape(1, 12, 2), "R": np.cos(np.arange(36)).reshape(1, 12, 3)}
held = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in each.items()]
x, y = helper.make_tensor_value_info("X", 1, [4, "batch", 2]), helper.make_tensor_value_info("Y", 1, None)
graph = helper.make_graph([helper.make_node("LSTM", ["X", "W", "R"], ["Y"], hidden_size=3)], "g", [x], [y], held)
path = f"{tempfile.mkdtemp()}/int8.onnx"
quantize_dynamic(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
run = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run
rows = np.sin(np.arange(16, dtype=np.float32)).reshape(4, 2, 2) * np.array([[1], [20]], np.float32)
off = np.abs(run(None, {"X": rows[:, :1]})[0] - run(None, {"X": rows})[0][:, :, :1]).max()
raise SystemExit(f"the first row beside another is off by {off:.2g} from itself alone" if off > 1e-3 else 0)
