"""MNN: where the output `Y` is left out, its numbers come as `Y_h`."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,1,1] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {1}>
    { ignored, Y_h = RNN <hidden_size = 1> (X, W, W) }""")
model.graph.node[0].output[0] = ""
inputs = [MNN.expr.const([1.0, 1.0], [2, 1, 1], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y_h"]).forward(inputs)[0].read()
expected = (1, 1, 1)
raise SystemExit(f"expected the shape {expected}, got {got.shape}" if got.shape != expected else 0)
