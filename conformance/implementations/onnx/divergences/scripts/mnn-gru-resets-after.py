"""MNN: a GRU whose `linear_before_reset` is 0, the default, resets after the recurrent product."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,2] h) => (float[1,1,2] Y_h) <float[1,6,1] W = {0, 0, 0, 0, 0, 0}, float[1,6,2] R =
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}, float[1,12] B = {0, 0, 30, -30, 0, 0, 0, 0, 0, 0, 0, 0}>
    { Y, Y_h = GRU <hidden_size = 2> (X, W, R, B, , h) }""")
inputs = [MNN.expr.const([1.0], [1, 1, 1], MNN.expr.NCHW), MNN.expr.const([1.0, 1.0], [1, 1, 2], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X", "h"], ["Y_h"]).forward(inputs)[0].read()
expected = [0.5, 0.88079708]  # z = 1/2, r = (1, 0), and the product swaps the units
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() - expected).max() > 1e-5 else 0)
