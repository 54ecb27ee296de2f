"""ONNX Runtime: a model of one node (`onnx.make_model`) on the CPU."""

from __future__ import annotations

import onnxruntime

from .reference import make_model


def run_onnxruntime(operator, attributes, inputs, initializers, outputs, opset, threads):
    """The node's outputs by name, as ONNX Runtime's CPU provider computes them."""
    model = make_model(operator, attributes, inputs, initializers, outputs, opset)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip([name for name in outputs if name], session.run(None, inputs)))
