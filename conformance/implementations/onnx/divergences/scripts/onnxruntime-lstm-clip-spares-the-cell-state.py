"""ONNX Runtime: `clip` "is applied to the input of activations", but not to that of an LSTM's h, the cell state."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,4,1] W, float[1,8] B, int32[1] lengths, float[1,1,1] h, float[1,1,1] c)
      => (float[1,1,1,1] Y) {
      Y = LSTM <hidden_size = 1, clip = 0.5> (X, W, W, B, lengths, h, c)
    }""")
zero, c = np.zeros((1, 1, 1), np.float32), np.full((1, 1, 1), 4, np.float32)
inputs = {"X": zero, "W": np.zeros((1, 4, 1), np.float32), "B": np.zeros((1, 8), np.float32), "h": zero, "c": c}
inputs["lengths"] = np.array([1], np.int32)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = float(session.run(None, inputs)[0].item())
expected = float(0.5 * np.tanh(min(0.5 * 4, 0.5)))  # all gates 1/2, the new cell state 2, clipped to 0.5
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-5 else 0)
