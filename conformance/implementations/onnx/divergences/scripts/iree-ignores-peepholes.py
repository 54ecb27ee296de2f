"""IREE: the LSTM's input `P` is ignored."""

import iree.runtime
import numpy as np
from iree.compiler import ir, tools
from iree.compiler.extras import onnx_importer
from onnx import parser, shape_inference

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X) => (float[1,1,1] Y_c) <float[1,4,1] W = {0, 0, 0, 0}, float[1,1,1] c = {1},
    float[1,8] B = {0, 0, -30, 30, 0, 0, 0, 0}, float[1,3] P = {30, 0, 0}>
    { Y, Y_h, Y_c = LSTM <hidden_size = 1> (X, W, W, B, , c, c, P) }""")
info = onnx_importer.ModelInfo(shape_inference.infer_shapes(model))
module = info.create_module(context=ir.Context()).operation
onnx_importer.NodeImporter.define_function(info.main_graph, module).import_all()
binary = tools.compile_str(str(module), input_type="onnx", target_backends=["llvm-cpu"])
run = iree.runtime.load_vm_flatbuffer(binary, driver="local-sync")["g"]
got = np.array(run(np.ones((1, 1, 1), np.float32))).ravel()
raise SystemExit(f"expected 1.0, got {got}" if abs(got - 1).max() > 1e-5 else 0)  # i = sigmoid(30 c) = 1
