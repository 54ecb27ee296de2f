"""OpenVINO: the LSTM's input `P` is ignored."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] h, float[1,1,1] c) => (float[1,1,1] Y_c) <float[1,4,1] W = {0, 0, 0, 0},
    float[1,8] B = {0, 0, -30, 30, 0, 0, 0, 0}, float[1,3] P = {30, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1> (X, W, W, B, , h, c, P) }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": one, "h": one, "c": one}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = 1.0  # i = sigmoid(30 c) = 1, f = 0, and the candidate is tanh(30) = 1
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
