"""OpenVINO: a bidirectional node has the forward direction's activations in both."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X) => (float[2,1,1] Y_h) <float[2,1,1] W = {1, 1}>
    { Y, Y_h = RNN <hidden_size = 1, direction = "bidirectional", activations = ["Tanh", "Relu"]> (X, W, W) }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": one}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = np.array([np.tanh(1), 1])
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
