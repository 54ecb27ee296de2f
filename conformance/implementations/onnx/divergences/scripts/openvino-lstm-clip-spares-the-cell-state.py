"""OpenVINO: `clip` is not applied to the argument of an LSTM's h, the cell state."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] h, float[1,1,1] c) => (float[1,1,1] Y_h) <float[1,4,1] W = {0, 0, 0, 0},
    float[1,8] B = {0, 0, 0, 0, 0, 0, 0, 0}>
    { Y, Y_h = LSTM <hidden_size = 1, clip = 0.5> (X, W, W, B, , h, c) }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": one, "h": one, "c": 4 * one}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = np.tanh(0.5) / 2  # all gates are 1/2, the new cell state is 2, clipped to 0.5
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
