"""onnx.reference: a bidirectional RNN runs its backward direction with the forward one's activation."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[2,1,1] W, float[2,1,1] R) => (float[1,2,1,1] Y) {
      Y = RNN <hidden_size = 1, direction = "bidirectional", activations = ["Affine", "Affine"],
               activation_alpha = [1.0, 2.0], activation_beta = [0.0, 0.0]> (X, W, R)
    }""")
one = np.ones((2, 1, 1), np.float32)
got = ReferenceEvaluator(model).run(None, {"X": one[:1], "W": one, "R": one})[0].ravel().tolist()
print(f"expected [1.0, 2.0], got {got}")
raise SystemExit(1 if got != [1.0, 2.0] else 0)
