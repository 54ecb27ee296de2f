"""OpenVINO: the attribute `layout` is ignored: two rows of three steps are taken for three rows of two."""

import numpy as np
import openvino
from onnx import parser

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,3,1] X) => (float[2,3,1,1] Y) <float[1,1,1] W = {1}>
    { Y = RNN <hidden_size = 1, layout = 1> (X, W, W) }""")
inputs = {"X": np.ones((2, 3, 1), np.float32)}
core, how = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
run = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU", how)
got = run(inputs)[0]
expected = (2, 3, 1, 1)
raise SystemExit(f"expected the shape {expected}, got {got.shape}" if got.shape != expected else 0)
