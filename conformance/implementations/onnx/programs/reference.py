"""ONNX: a model of one node, and the reference evaluator that runs it."""

from __future__ import annotations

import numpy as np
from onnx import helper
from onnx.reference import ReferenceEvaluator


def make_model(operator, attributes, inputs, initializers, outputs, opset):
    """A model of one node RNN, LSTM or GRU; an output that is "" is left out."""
    slots = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    names = [slot if slot in inputs or slot in initializers else "" for slot in slots]
    while not names[-1]:
        names.pop()
    node = helper.make_node(operator, names, outputs, **attributes)
    given = {name: np.asarray(array) for name, array in inputs.items()}
    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in given.items()}
    graph = helper.make_graph(
        [node],
        operator,
        [helper.make_tensor_value_info(name, kinds[name], array.shape) for name, array in given.items()],
        [
            helper.make_tensor_value_info(name, kinds["X"], [None] * (4 if name == "Y" else 3))
            for name in outputs
            if name
        ],
        [
            helper.make_tensor(name, kinds["X"], array.shape, array.tobytes(), raw=True)
            for name, array in initializers.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def run_reference(operator, attributes, inputs, initializers, outputs, opset):
    """The node's outputs by name, as the reference evaluator computes them."""
    model = make_model(operator, attributes, inputs, initializers, outputs, opset)
    found = ReferenceEvaluator(model).run(None, inputs)
    return dict(zip([name for name in outputs if name], found))
