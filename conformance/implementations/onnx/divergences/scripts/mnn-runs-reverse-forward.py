"""MNN: a node whose `direction` is reverse runs forward."""

import tempfile

import _tools
import MNN
import numpy as np
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,1,1] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}>
    { Y, Y_h = RNN <hidden_size = 1, direction = "reverse"> (X, W, W) }""")
inputs = [MNN.expr.const([1.0, 0.0], [2, 1, 1], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y_h"]).forward(inputs)[0].read()
expected = np.float64(0.7615941559557649)  # of the step 0 the state is 0, and then the step 1 comes
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() - expected).max() > 1e-5 else 0)
