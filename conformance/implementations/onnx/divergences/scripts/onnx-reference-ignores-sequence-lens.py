"""onnx.reference: `sequence_lens` is ignored by RNN, GRU and LSTM: a row of length 1 is run over all steps."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,1,1] X, float[1,1,1] W, float[1,1,1] R, float[1,2] B, int32[1] lengths) => (float[1,1,1] Y_h) {
      ignored, Y_h = RNN <hidden_size = 1> (X, W, R, B, lengths)
    }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": np.ones((2, 1, 1), np.float32), "W": one, "R": one}
inputs |= {"B": np.zeros((1, 2), np.float32), "lengths": np.array([1], np.int32)}
got = float(ReferenceEvaluator(model).run(None, inputs)[0].item())
expected = float(np.tanh(1.0))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-5 else 0)
