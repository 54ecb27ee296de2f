"""MindSpore: ``mindspore.nn.RNN``, ``LSTM`` and ``GRU``, forward and backward."""

from __future__ import annotations

import mindspore
import numpy as np
from mindspore import Tensor

PREAMBLE = "import mindspore\nimport numpy as np\nfrom mindspore import Tensor"


def run_mindspore(
    module,  # RNN, LSTM, GRU
    options,  # of its constructor
    weights,
    x,
    initial_state=None,  # (h,) or (h, c), each of all layers and directions
    d_outputs=None,  # cotangents
    d_state=(),
    lengths=None,
    training=True,
    mode="pynative",  # or graph
):
    """One layer: all that it computed, as NumPy arrays by name."""
    mindspore.set_device("CPU")
    mindspore.set_context(mode=mindspore.GRAPH_MODE if mode == "graph" else mindspore.PYNATIVE_MODE)
    layer = getattr(mindspore.nn, module)(**options, dtype=Tensor(x).dtype)
    layer.set_train(training)
    parameters = {parameter.name: parameter for parameter in layer.get_parameters()}
    for name, value in weights.items():
        parameters[name].set_data(Tensor(value))
    rows = None if lengths is None else Tensor(lengths.astype(np.int32))
    given = [Tensor(each) for each in (x, *(initial_state or ()))]

    def called(x, *states):
        if not states:
            outputs, final = layer(x, None, rows)
        else:
            outputs, final = layer(x, states if module == "LSTM" else states[0], rows)
        return (outputs, *final) if module == "LSTM" else (outputs, final)

    names = ["outputs", "h_n", "c_n"]
    if d_outputs is None and not d_state:
        return {name: value.asnumpy() for name, value in zip(names, called(*given))}
    results = called(*given)
    cotangents = [d_outputs, *d_state]
    cotangents += [None] * (len(results) - len(cotangents))
    zeros = [np.zeros(part.shape, x.dtype) for part in results]
    cotangents = tuple(Tensor(zero if d is None else d) for zero, d in zip(zeros, cotangents))
    pulled = mindspore.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)
    trained = [parameters[name] for name in weights]
    of_inputs, of_weights = pulled(called, mindspore.ParameterTuple(trained))(*given, cotangents)
    found = {**dict(zip(names, results)), **dict(zip(["d_x", "d_h_0", "d_c_0"], of_inputs))}
    found |= {f"d_weights.{name}": d for name, d in zip(weights, of_weights)}
    return {name: value.asnumpy() for name, value in found.items()}
