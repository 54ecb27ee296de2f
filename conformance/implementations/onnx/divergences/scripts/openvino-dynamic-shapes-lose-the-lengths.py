"""OpenVINO: `sequence_lens` is ignored where batch and time are open and weights are constant."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[time,batch,1] X, int32[batch] lengths) => (float[1,batch,1] Y_h) <float[1,1,1] W = {1}, float[1,2] B =
    {0, 0}>
    { Y, Y_h = RNN <hidden_size = 1> (X, W, W, B, lengths) }""")
inputs = {"X": np.ones((2, 2, 1), np.float32), "lengths": np.array([2, 1], np.int32)}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = np.tanh([1 + np.tanh(1), 1])
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
