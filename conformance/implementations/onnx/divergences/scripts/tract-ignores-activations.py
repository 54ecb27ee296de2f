"""tract: the attribute `activations` of RNN (and of GRU) is ignored."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}>
    { Y, Y_h = RNN <hidden_size = 1, activations = ["Relu"]> (X, W, W) }""")
one = np.ones((1, 1, 1), np.float32)
inputs = {"X": one}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
got = tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))[0].to_numpy()
expected = 1.0
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
