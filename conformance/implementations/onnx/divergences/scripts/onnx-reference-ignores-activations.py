"""onnx.reference: GRU and LSTM ignore the attribute `activations` and use Sigmoid and Tanh."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,3,1] W, float[1,3,1] R) => (float[1,1,1,1] Y) {
      Y = GRU <hidden_size = 1, activations = ["Sigmoid", "Relu"]> (X, W, R)
    }""")
W = np.array([[[0], [0], [2]]], np.float32)
got = float(ReferenceEvaluator(model).run(None, {"X": W[:, :1] + 1, "W": W, "R": 0 * W})[0].item())
print(f"expected 1.0, got {got!r}")  # z = sigmoid(0) = 1/2, and the candidate relu(2)
raise SystemExit(1 if abs(got - 1) > 1e-5 else 0)
