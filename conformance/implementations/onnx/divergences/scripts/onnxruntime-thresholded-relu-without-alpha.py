"""ONNX Runtime: ThresholdedRelu without activation_alpha has 0; "default values are the same as of" the operator, 1."""

import numpy as np
import onnxruntime
from onnx import defs, parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] W, float[1,1,1] R) => (float[1,1,1,1] Y) {
      Y = RNN <hidden_size = 1, activations = ["ThresholdedRelu"]> (X, W, R)
    }""")
alpha = defs.get_schema("ThresholdedRelu").attributes["alpha"].default_value.f
half, one = np.full((1, 1, 1), 0.5, np.float32), np.ones((1, 1, 1), np.float32)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = float(session.run(None, {"X": half, "W": one, "R": one})[0].item())
expected = 0.5 if alpha <= 0.5 else 0.0
print(f"default alpha {alpha}, expected {expected}, got {got}")
raise SystemExit(1 if got != expected else 0)
