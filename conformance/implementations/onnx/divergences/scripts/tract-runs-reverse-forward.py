"""tract: a node whose `direction` is reverse runs forward."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,1,1] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}>
    { Y, Y_h = RNN <hidden_size = 1, direction = "reverse"> (X, W, W) }""")
inputs = {"X": np.array([[[1]], [[0]]], np.float32)}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
got = tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))[0].to_numpy()
expected = np.tanh(1)  # of the step 0 the state is 0, and then the step 1 comes
raise SystemExit(f"expected {expected}, got {got.ravel()}" if np.abs(got.ravel() - expected).max() > 1e-5 else 0)
