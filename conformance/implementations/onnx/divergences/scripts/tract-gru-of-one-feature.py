"""tract: a GRU of one feature fails from four steps on where `linear_before_reset` is 1."""

import tempfile

import numpy as np
import tract
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[4,1,1] X) => (float[1,1,1] Y_h) <float[1,3,1] W = {1, 1, 1}>
    { Y, Y_h = GRU <hidden_size = 1, linear_before_reset = 1> (X, W, W) }""")
inputs = {"X": np.ones((4, 1, 1), np.float32)}
path = tempfile.mkdtemp() + "/model.onnx"
save(model, path)
try:
    tract.onnx().load(path).into_model().into_runnable().run(list(inputs.values()))
except tract.TractError as error:
    raise SystemExit(f"expected an output, got {str(error)[:200]}") from error
