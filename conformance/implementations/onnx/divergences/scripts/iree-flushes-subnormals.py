"""IREE: subnormal numbers are flushed to zero: sigmoid(-88) is 0."""

import iree.runtime
import numpy as np
from iree.compiler import ir, tools
from iree.compiler.extras import onnx_importer
from onnx import parser, shape_inference

model = parser.parse_model("""<ir_version: 8, opset_import: ["": 14]>
    g (float[1,1,1] X) => (float[1,1,1] Y_h) <float[1,1,1] W = {-88}, float[1,1,1] R = {0}>
    { Y, Y_h = RNN <hidden_size = 1, activations = ["Sigmoid"]> (X, W, R) }""")
info = onnx_importer.ModelInfo(shape_inference.infer_shapes(model))
module = info.create_module(context=ir.Context()).operation
onnx_importer.NodeImporter.define_function(info.main_graph, module).import_all()
binary = tools.compile_str(str(module), input_type="onnx", target_backends=["llvm-cpu"])
run = iree.runtime.load_vm_flatbuffer(binary, driver="local-sync")["g"]
got = np.array(run(np.ones((1, 1, 1), np.float32))).ravel()
expected = 1 / (1 + np.exp(88))
raise SystemExit(f"expected {expected}, got {got}" if abs(got / expected - 1).max() > 1e-3 else 0)
