"""onnx.reference: the attribute `clip` is ignored by RNN, GRU and LSTM."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] W, float[1,1,1] R) => (float[1,1,1,1] Y) {
      Y = RNN <hidden_size = 1, clip = 0.5> (X, W, R)
    }""")
one = np.ones((1, 1, 1), np.float32)
got = float(ReferenceEvaluator(model).run(None, {"X": one, "W": one, "R": one})[0].item())
expected = float(np.tanh(0.5))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-5 else 0)
