"""tract: an LSTM's sigmoid(-20) is 4.5e-7, which is 2e-9."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] h, float[1,1,1] c) => (float[1,1,1] Y_c) <float[1,4,1] W = {0, 0, 0, 0},
    float[1,8] B = {-20, 0, -30, 30, 0, 0, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1> (X, W, W, B, , h, c) }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": one, "h": one, "c": 0 * one}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
got = tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))[0].to_numpy()
expected = 1 / (1 + np.exp(20))  # i, as the candidate is tanh(30) = 1
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() / expected - 1).max() > 1e-4 else 0)
