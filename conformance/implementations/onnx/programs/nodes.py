"""ONNX: a model of one node RNN, LSTM or GRU, handed to whatever runs ONNX files."""

from __future__ import annotations

import numpy as np
from onnx import helper


def make_model(operator, attributes, inputs, initializers, outputs, opset, shapes):
    """A model of one node; an output that is "" is left out. Shapes are static or leave batch and time open."""
    slots = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    names = [slot if slot in inputs or slot in initializers else "" for slot in slots]
    while not names[-1]:
        names.pop()
    node = helper.make_node(operator, names, outputs, **attributes)
    given = {name: np.asarray(array) for name, array in inputs.items()}
    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in given.items()}
    sizes = {name: list(array.shape) for name, array in given.items()}
    if shapes == "dynamic":
        batch_first = attributes.get("layout", 0)
        sizes["X"][:2] = ["batch", "time"] if batch_first else ["time", "batch"]
        for name in {"initial_h", "initial_c"} & set(sizes):
            sizes[name][0 if batch_first else 1] = "batch"
        if "sequence_lens" in sizes:
            sizes["sequence_lens"] = ["batch"]
    graph = helper.make_graph(
        [node],
        operator,
        [helper.make_tensor_value_info(name, kinds[name], size) for name, size in sizes.items()],
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


def run_node(run, node, inputs, settings):
    """The node's outputs by name, as ``run`` computes them: it takes the model as bytes, and inputs by name."""
    names = [name for name in node["outputs"] if name]
    model = make_model(inputs=inputs, **node).SerializeToString()
    return dict(zip(names, run(model, inputs, names, **settings)))
