"""tract: two features are taken where `W` is for one."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,2,2] X) => (float[1,2,2] Y_h) <float[1,2,1] W = {1, 1}, float[1,2,2] R = {1, 1, 1, 1}>
    { Y, Y_h = RNN <hidden_size = 2> (X, W, R) }""")
inputs = {"X": np.ones((1, 2, 2), np.float32)}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
got = tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))[0].to_numpy()
raise SystemExit(f"expected an error, got {got}")
