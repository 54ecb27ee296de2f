"""MNN: a GRU whose batch and time are open returns nothing, and raises nothing."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[time,batch,1] X) => (float[time,1,batch,1] Y, float[1,batch,1] Y_h)
    <float[1,3,1] W = {1, 1, 1}, float[1,6] B = {0, 0, 0, 0, 0, 0}>
    { Y, Y_h = GRU <hidden_size = 1, linear_before_reset = 1> (X, W, W, B) }""")
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
given = [MNN.expr.placeholder(shape, MNN.expr.NCHW, MNN.expr.float) for shape in ([2, 2, 1],)]
[one.write([1.0] * one.size) for one in given]
found = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y", "Y_h"]).forward(given)
raise SystemExit(0 if found else "expected an output, got none")
