"""ONNX Runtime: the final state of a row of length 0 is zero, not its initial state, which no step has changed."""

import numpy as np
import onnxruntime
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,2,1] X, float[1,1,1] W, float[1,1,1] R, float[1,2] B, int32[2] lengths, float[1,2,1] h)
      => (float[1,2,1] Y_h) {
      ignored, Y_h = RNN <hidden_size = 1> (X, W, R, B, lengths, h)
    }""")
one = np.ones((1, 1, 1), np.float32)
h = np.array([[[0.25], [0.75]]], np.float32)
inputs = {"X": h, "W": one, "R": one, "B": h[:, :, 0], "lengths": np.array([1, 0], np.int32), "h": h}
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = float(session.run(None, inputs)[0][0, 1, 0])
print(f"expected 0.75, got {got!r}")
raise SystemExit(1 if got != 0.75 else 0)
