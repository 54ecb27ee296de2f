"""MNN: a bidirectional LSTM has the forward direction's activations in both."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X) => (float[2,1,1] Y_c) <float[2,4,1] W = {0, 0, 0, 1, 0, 0, 0, 1}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1, direction = "bidirectional", activations = ["Sigmoid", "Tanh", "Tanh",
    "Sigmoid", "Relu", "Relu"]> (X, W, W) }""")
inputs = [MNN.expr.const([1.0], [1, 1, 1], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y_c"]).forward(inputs)[0].read()
expected = [0.38079708, 0.5]  # all gates are 1/2
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() - expected).max() > 1e-5 else 0)
