"""ONNX Runtime: a recurrent layer's Softplus of 100 is infinite; that of its own operator Softplus is 100."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] W, float[1,1,1] R) => (float[1,1,1,1] Y, float[1,1,1] S) {
      Y = RNN <hidden_size = 1, activations = ["Softplus"]> (X, W, R)
      S = Softplus(X)
    }""")
one = np.ones((1, 1, 1), np.float32)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got, own = (float(found.item()) for found in session.run(None, {"X": 100 * one, "W": one, "R": one}))
print(f"expected {own}, got {got}")
raise SystemExit(1 if got != own else 0)
