"""OpenVINO: the final state of a row of length 0 is zero, not its initial state."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,2,1] X, int32[2] lengths, float[1,2,1] h) => (float[1,2,1] Y_h) <float[1,1,1] W = {0}, float[1,2] B =
    {0, 0}>
    { Y, Y_h = RNN <hidden_size = 1> (X, W, W, B, lengths, h) }""")
h = np.full((1, 2, 1), 0.75, np.float32)
inputs = {"X": h, "lengths": np.array([1, 0], np.int32), "h": h}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = np.array([0, 0.75])
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
