"""MNN: an LSTM with states whose batch is open returns nothing, and raises nothing."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[t,b,1] X, float[1,b,1] h, float[1,b,1] c) => (float[t,1,b,1] Y, float[1,b,1] Y_h, float[1,b,1] Y_c)
    <float[1,4,1] W = {1, 1, 1, 1}, float[1,8] B = {0, 0, 0, 0, 0, 0, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1> (X, W, W, B, , h, c) }""")
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
given = [MNN.expr.placeholder([time, 2, 1], MNN.expr.NCHW, MNN.expr.float) for time in (2, 1, 1)]
[one.write([1.0] * one.size) for one in given]
found = MNN.nn.load_module_from_file(path + ".mnn", ["X", "h", "c"], ["Y", "Y_h", "Y_c"]).forward(given)
raise SystemExit(0 if found else "expected an output, got none")
