"""onnx.reference: the LSTM's attribute `input_forget` ("couple the input and forget gates if 1") is ignored."""

import numpy as np
from onnx import parser
from onnx.reference import ReferenceEvaluator

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,4,1] W, float[1,8] B, int32[1] lengths, float[1,1,1] h, float[1,1,1] c)
      => (float[1,1,1] Y_c) {
      ignored, unused, Y_c = LSTM <hidden_size = 1, input_forget = 1> (X, W, W, B, lengths, h, c)
    }""")
zero, zeros = np.zeros((1, 1, 1), np.float32), np.zeros((1, 4, 1), np.float32)
bias = np.array([[0, 0, 5, 0, 0, 0, 0, 0]], np.float32)  # of the forget gate, which is not to be used
inputs = {"X": zero, "W": zeros, "B": bias, "lengths": np.array([1], np.int32), "h": zero, "c": zero + 1}
got = float(ReferenceEvaluator(model).run(None, inputs)[0].item())
print(f"expected 0.5, got {got!r}")  # i = sigmoid(0) = 1/2, f = 1 - i, and the candidate is tanh(0)
raise SystemExit(1 if abs(got - 0.5) > 1e-5 else 0)
