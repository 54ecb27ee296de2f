"""PyTorch: the cells ``torch.nn.RNNCell``, ``LSTMCell`` and ``GRUCell``, called step by step, forward and backward."""

from __future__ import annotations

import torch
from torch.autograd.profiler import record_function

from .layers import as_array, tensor_of, vector_jacobian_product

PREAMBLE = "import torch\nfrom torch.autograd.profiler import record_function"


def first_of_two(cell):
    """The cell as the first of two whose weights are stacked; the second's have the other sign."""
    stacked = {name: torch.stack([weight, -weight]) for name, weight in cell.named_parameters()}

    def call(*given):
        both = torch.func.vmap(lambda weights: torch.func.functional_call(cell, weights, given))(stacked)
        return (both[0][0], both[1][0]) if isinstance(both, tuple) else both[0]

    return call


def compiled_cell(cell, mode, arguments):
    """The cell as ``mode`` makes it."""
    if mode == "eager":
        return cell
    if mode == "script":
        return torch.jit.script(cell)
    if mode == "trace":
        return torch.jit.trace(cell, arguments, check_trace=False)
    if mode == "export":
        return torch.export.export(cell, arguments).module()
    if mode == "vmap, rows":
        return torch.func.vmap(cell)
    if mode == "vmap, weights":
        return first_of_two(cell)
    torch.compiler.reset()
    return torch.compile(cell, fullgraph=True, backend=mode.removeprefix("compile, "))


def run_cell(
    module,  # RNNCell, LSTMCell or GRUCell
    options,  # of its constructor
    weights,
    x,
    hx=None,  # the initial state: (h,) or (h, c)
    d_outputs=None,  # cotangents
    d_hx=(None, None),
    batched=True,
    autograd=True,
    strided=False,
    mode="eager",
    device="cpu",
):
    """One cell, called step by step: all that it computed, as NumPy arrays by name."""

    def tensor(array):
        return None if array is None else tensor_of(array, options["dtype"], device, strided)

    cell = getattr(torch.nn, module)(**options, device=device)
    for name, value in weights.items():
        getattr(cell, name).data = tensor(value)
    leaves = {f"d_weights.{name}": getattr(cell, name) for name in weights} | {"d_x": tensor(x)}
    leaves |= {f"d_{name}_0": tensor(part) for name, part in zip("hc", hx or ())}
    for leaf in leaves.values():
        leaf.requires_grad_()
    state, steps, calls = None, [], {}
    if hx is not None:
        state = (leaves["d_h_0"], leaves["d_c_0"]) if module == "LSTMCell" else leaves["d_h_0"]
    with torch.set_grad_enabled(autograd):
        for x_t in leaves["d_x"].unbind(1 if batched else 0):
            given = (x_t,) if state is None else (x_t, state)
            if len(given) not in calls:  # traces and exports are of one signature
                calls[len(given)] = compiled_cell(cell, mode, given)
            with record_function("the call"):
                state = calls[len(given)](*given)
            steps.append(state if module == "LSTMCell" else (state,))
    outputs = torch.stack([step[0] for step in steps], 1 if batched else 0)
    final = steps[-1]
    found = {"outputs": outputs} | {f"{name}_n": part for name, part in zip("hc", final)}
    if module == "LSTMCell":
        found["gates.c"] = torch.stack([c for _, c in steps], 1 if batched else 0)
    if autograd:
        found |= vector_jacobian_product([(outputs, tensor(d_outputs)), *zip(final, map(tensor, d_hx))], leaves)
    return {name: as_array(value) for name, value in found.items()}
