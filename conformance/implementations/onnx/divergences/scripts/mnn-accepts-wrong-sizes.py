"""MNN: two features are taken where `W` is for one."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,2] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}>
    { Y, Y_h = RNN <hidden_size = 1> (X, W, W) }""")
inputs = [MNN.expr.const([1.0, 1.0], [1, 1, 2], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
found = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y_h"]).forward(inputs)
raise SystemExit(f"expected an error, got {found[0].read()}" if found else 0)
