"""MNN: the LSTM's attribute `input_forget` (f = 1 - i) is ignored."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X, float[1,1,1] h, float[1,1,1] c) => (float[1,1,1] Y_c) <float[1,4,1] W = {0, 0, 0, 0},
    float[1,8] B = {0, 0, 5, 0, 0, 0, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1, input_forget = 1> (X, W, W, B, , h, c) }""")
inputs = [MNN.expr.const([1.0], [1, 1, 1], MNN.expr.NCHW)] * 3
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X", "h", "c"], ["Y_c"]).forward(inputs)[0].read()
expected = 0.5  # i = sigmoid(0) = 1/2, f = 1 - i, and the candidate is tanh(0)
raise SystemExit(f"expected {expected}, got {got.ravel()}" if abs(got.ravel() - expected).max() > 1e-5 else 0)
