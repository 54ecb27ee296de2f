"""ONNX Runtime: with a bias, the output of an LSTM after NaN is a finite number."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,4,1] W, float[1,4,1] R, float[1,8] B) => (float[1,1,1,1] Y) {
      Y = LSTM <hidden_size = 1> (X, W, R, B)
    }""")
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
weights, bias = np.ones((1, 4, 1), np.float32), np.zeros((1, 8), np.float32)
got = session.run(None, {"X": np.full((1, 1, 1), np.nan, np.float32), "W": weights, "R": weights, "B": bias})[0].item()
print(f"expected nan, got {got}")
raise SystemExit(0 if np.isnan(got) else 1)
