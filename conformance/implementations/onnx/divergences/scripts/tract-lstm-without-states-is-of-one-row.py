"""tract: an LSTM whose initial states are left out fails with two rows."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,2,2] X) => (float[2,1,2,1] Y, float[1,2,1] Y_h, float[1,2,1] Y_c) <float[1,4,2] W = {1, 1, 1, 1, 1, 1,
    1, 1}, float[1,4,1] R = {1, 1, 1, 1}, float[1,8] B = {0, 0, 0, 0, 0, 0, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1> (X, W, R, B) }""")
inputs = {"X": np.ones((2, 2, 2), np.float32)}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
try:
    tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))
except tract.TractError as error:
    raise SystemExit(f"expected an output, got {str(error)[:200]}") from error
