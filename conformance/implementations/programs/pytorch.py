"""PyTorch: one layer, or one cell called step by step, forward and backward."""

from __future__ import annotations

import torch


def vector_jacobian_product(pairs, leaves):
    """The gradients of ``sum(cotangent * root)`` over the pairs, by the leaves' names; none without a cotangent."""
    pairs = [(root, torch.tensor(d, device=root.device)) for root, d in pairs if d is not None]
    if not pairs:
        return {}
    roots, cotangents = zip(*pairs)
    gradients = torch.autograd.grad(roots, list(leaves.values()), cotangents, allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, gradients))


def run_layer(module, options, weights, x, initial_state, state_names, d_outputs, d_state, device):
    """One layer, forward and backward: all that it computed, as NumPy arrays by name."""

    def tensor(array):
        return torch.tensor(array, device=device, requires_grad=True)

    layer = getattr(torch.nn, module)(**options, batch_first=True).to(device)
    for name, value in weights.items():
        getattr(layer, name).data = torch.tensor(value, device=device)
    x = tensor(x)
    initial = None if initial_state is None else [tensor(part) for part in initial_state]
    stacked = None if initial is None else [part[None] for part in initial]  # one layer, one direction
    if module == "LSTM":
        outputs, final = layer(x, None if stacked is None else tuple(stacked))
    else:
        outputs, final = layer(x, None if stacked is None else stacked[0])
        final = (final,)
    state = [part[0] for part in final]
    found = {"outputs": outputs} | {f"state.{n}": part for n, part in zip(state_names, state)}
    leaves = {f"d_weights.{name}": getattr(layer, name) for name in weights} | {"d_x": x}
    leaves |= {f"d_initial_state.{n}": part for n, part in zip(state_names, initial or ())}
    found |= vector_jacobian_product([(outputs, d_outputs), *zip(state, d_state or ())], leaves)
    return {name: value.detach().cpu().numpy() for name, value in found.items()}


def run_cell(module, options, weights, x, initial_state, state_names, d_outputs, d_state, device):
    """One cell, called step by step: all that it computed, as NumPy arrays by name."""

    def tensor(array):
        return torch.tensor(array, device=device, requires_grad=True)

    cell = getattr(torch.nn, module)(**options).to(device)
    for name, value in weights.items():
        getattr(cell, name).data = torch.tensor(value, device=device)
    x = tensor(x)
    initial = None if initial_state is None else [tensor(part) for part in initial_state]
    state, steps = initial, []
    for t in range(x.shape[1]):
        if module == "LSTMCell":
            state = cell(x[:, t], None if state is None else tuple(state))
        else:
            state = (cell(x[:, t], None if state is None else state[0]),)
        steps.append(state)
    outputs = torch.stack([step[0] for step in steps], 1)
    found = {"outputs": outputs} | {f"state.{n}": part for n, part in zip(state_names, state)}
    if module == "LSTMCell":
        found["gates.c"] = torch.stack([step[1] for step in steps], 1)
    leaves = {f"d_weights.{name}": getattr(cell, name) for name in weights} | {"d_x": x}
    leaves |= {f"d_initial_state.{n}": part for n, part in zip(state_names, initial or ())}
    found |= vector_jacobian_product([(outputs, d_outputs), *zip(state, d_state or ())], leaves)
    return {name: value.detach().cpu().numpy() for name, value in found.items()}
