"""ONNX Runtime: an RNN's tanh(1e-8) is 0, and an LSTM's sigmoid(-20): right to 1e-7 of 1, but not of themselves."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] W, float[1,4,1] V, float[1,8] B) => (float[1,1,1,1] Y, float[1,1,1] Y_c) {
      Y = RNN <hidden_size = 1> (X, W, W)
      ignored, unused, Y_c = LSTM <hidden_size = 1> (X, V, V, B)
    }""")
bias = np.array([[-20, 0, 0, 30, 0, 0, 0, 0]], np.float32)  # i = sigmoid(-20), and the candidate tanh(30) = 1
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": 1e-8 * one, "W": one, "V": np.zeros((1, 4, 1), np.float32), "B": bias}
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = np.array([found.item() for found in session.run(None, inputs)])
expected = np.array([1e-8, 1 / (1 + np.exp(20))])
print(f"expected {expected}, got {got}")
raise SystemExit(1 if (np.abs(got - expected) > 1e-4 * expected).any() else 0)
