"""onnx.reference: RNN knows Tanh and Affine; Relu, of the three that are not optional, it refuses, as all others."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] W, float[1,1,1] R) => (float[1,1,1,1] Y) {
      Y = RNN <hidden_size = 1, activations = ["Relu"]> (X, W, R)
    }""")
one = np.ones((1, 1, 1), np.float32)
try:
    answer = str(ReferenceEvaluator(model).run(None, {"X": one, "W": one, "R": one})[0].item())
except RuntimeError as error:
    answer = str(error)
print(f"expected 1.0, got {answer!r}")
raise SystemExit(1 if answer != "1.0" else 0)
