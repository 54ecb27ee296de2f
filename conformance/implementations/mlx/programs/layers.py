"""MLX: the layers ``mlx.nn.RNN``, ``LSTM`` and ``GRU``, forward and backward."""

from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn
import numpy as np

PREAMBLE = "import mlx.core as mx\nimport mlx.nn as nn\nimport numpy as np"


def run_mlx(
    module,  # RNN, LSTM or GRU
    options,  # of its constructor
    dtype,
    leaves,  # "x"; "weights.<name>"; "initial_state.h" and c, where given
    cotangents,  # of "outputs" and of the final states
    nonlinearity=None,  # the name of a function in mlx.nn
    batched=True,
):
    """One layer: all that it computed, as NumPy arrays by name."""
    mx.set_default_device(mx.cpu)
    names, values = list(leaves), [mx.array(array).astype(getattr(mx, dtype)) for array in leaves.values()]
    functions = {} if nonlinearity is None else {"nonlinearity": getattr(nn, nonlinearity)}
    layer = getattr(nn, module)(**options, **functions)
    returned = []

    def compute(*arrays):
        given = dict(zip(names, arrays))
        for name, value in given.items():
            if name.startswith("weights."):
                setattr(layer, name.removeprefix("weights."), value)
        states = [given[f"initial_state.{name}"] for name in "hc" if f"initial_state.{name}" in given]
        found = layer(given["x"], *states)
        every = dict(zip("hc", found)) if module == "LSTM" else {"h": found}
        quantities = {"outputs": every["h"]} | {f"state.{name}": steps[..., -1, :] for name, steps in every.items()}
        quantities |= {f"gates.{name}": steps for name, steps in every.items() if name == "c"}
        returned[:] = quantities
        return list(quantities.values())

    if cotangents:
        primals = compute(*values)
        given = [mx.array(cotangents[name]).astype(value.dtype) if name in cotangents else mx.zeros_like(value)
                 for name, value in zip(returned, primals)]  # fmt: skip
        outputs, gradients = mx.vjp(compute, values, given)
    else:
        outputs, gradients = compute(*values), []
    found = dict(zip(returned, outputs)) | {f"d_{name}": gradient for name, gradient in zip(names, gradients)}
    return {name: np.array(value.astype(mx.float32)) for name, value in found.items()}
