"""MNN: the attribute `layout` is ignored: two rows of three steps are taken for three rows of two."""

import tempfile

import _tools
import MNN
from onnx import parser, save

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[2,3,1] X) => (float[2,3,1,1] Y) <float[1,1,1] W = {1}>
    { Y = RNN <hidden_size = 1, layout = 1> (X, W, W) }""")
inputs = [MNN.expr.const([1.0] * 6, [2, 3, 1], MNN.expr.NCHW)]
path = tempfile.mkdtemp() + "/model"
save(model, path)
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--bizCode", "MNN", "--modelFile", path, "--MNNModel", path + ".mnn"])
got = MNN.nn.load_module_from_file(path + ".mnn", ["X"], ["Y"]).forward(inputs)[0].read()
expected = (2, 3, 1, 1)
raise SystemExit(f"expected the shape {expected}, got {got.shape}" if got.shape != expected else 0)
