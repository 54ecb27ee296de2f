"""Keras on PyTorch, eager: gradients by ``torch.autograd``."""

from __future__ import annotations

import torch

PREAMBLE = "import torch"
VERSION = {"torch": str(torch.__version__)}


def vector_jacobian_product(layer, weights, x, initial, cotangents):
    """Results of the layer, and gradients of ``sum(cotangent * result)`` in its weights and arguments."""
    leaves = {n: torch.tensor(value, requires_grad=True) for n, value in (x | initial).items()}
    given = [leaves[name] for name in initial] or None
    results = layer(leaves["d_x"], initial_state=given)
    pairs = [(root, torch.tensor(d)) for root, d in zip(results, cotangents) if d is not None]
    if not pairs:
        return results, {}
    leaves |= {name: variable.value for name, variable in weights.items()}
    roots, pulled = zip(*pairs)
    gradients = torch.autograd.grad(roots, list(leaves.values()), pulled, allow_unused=True, materialize_grads=True)
    return results, dict(zip(leaves, gradients))


def forget():
    """Nothing is kept from earlier cases."""
