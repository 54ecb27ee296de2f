"""MNN: `sequence_lens` is ignored: a row of length 1 is run over all steps."""

import tempfile

import _tools
import MNN
import numpy as np
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,1,1] X, int32[1] lengths) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}, float[1,2] B = {0, 0}>
    { Y, Y_h = RNN <hidden_size = 1> (X, W, W, B, lengths) }""")
inputs = [MNN.expr.const([1.0, 1.0], [2, 1, 1], MNN.expr.NCHW), MNN.expr.const([1], [1], MNN.expr.NCHW, MNN.expr.int)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X", "lengths"], ["Y_h"]).forward(inputs)[0].read()
expected = np.float64(0.7615941559557649)
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() - expected).max() > 1e-5 else 0)
