"""ONNX Runtime: the candidate of a GRU is greater than 1 with Tanh, and negative with Sigmoid."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,2,1] X, float[1,3,1] W, float[1,3,1] R) => (float[1,1,2,1] T, float[1,1,2,1] S) {
      T = GRU <hidden_size = 1, activations = ["ThresholdedRelu", "Tanh"], activation_alpha = [99.0]> (X, W, R)
      S = GRU <hidden_size = 1, activations = ["ThresholdedRelu", "Sigmoid"], activation_alpha = [99.0]> (X, W, R)
    }""")
one = np.ones((1, 3, 1), np.float32)  # z = 0, as |x| < 99, so that the output is the candidate
inputs = {"X": np.array([[[30], [-30]]], np.float32), "W": one, "R": 0 * one}
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
tanh, sigmoid = (found.ravel() for found in session.run(None, inputs))
print(f"tanh(30) = {float(tanh[0])!r}, sigmoid(-30) = {float(sigmoid[1])!r}")
raise SystemExit(1 if tanh[0] > 1 or sigmoid[1] < 0 else 0)
