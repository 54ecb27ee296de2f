"""ONNX Runtime's RNN: Elu is exp(x) - 1, which keeps no digit of a small negative x."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

shapes = {"x": [1, 1, 1], "W": [1, 1, 1], "R": [1, 1, 1], "h": [1, 1, 1]}
values = {k: helper.make_tensor_value_info(k, TensorProto.FLOAT, shape) for k, shape in shapes.items()}
node = helper.make_node("RNN", ["x", "W", "R"], ["", "h"], hidden_size=1, activations=["Elu"])
graph = helper.make_graph([node], "one_step", [values[k] for k in "xWR"], [values["h"]])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
W, R = np.array([1], np.float32).reshape(1, 1, 1), np.zeros((1, 1, 1), np.float32)
feed = {"x": np.full((1, 1, 1), -1e-8, np.float32), "W": W, "R": R}
got = float(onnxruntime.InferenceSession(model.SerializeToString()).run(None, feed)[0][0, 0, 0])
expected = float(np.expm1(-1e-8))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if not abs(got - expected) < 1e-5 * abs(expected) else 0)
