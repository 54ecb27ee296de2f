"""ONNX Runtime: the operators Sigmoid(-20) and Elu(-1e-8) are 0: right to 1e-7 of 1, but not of themselves."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 15]>
    g (float[1] x, float[1] y) => (float[1] s, float[1] e) {
      s = Sigmoid (x)
      e = Elu (y)
    }""")
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
inputs = {"x": np.array([-20], np.float32), "y": np.array([-1e-8], np.float32)}
got = np.array([found.item() for found in session.run(None, inputs)])
expected = np.array([1 / (1 + np.exp(20)), np.expm1(-1e-8)])
print(f"expected {expected}, got {got}")
raise SystemExit(1 if (np.abs(got - expected) > 1e-4 * np.abs(expected)).any() else 0)
