"""Keras on PyTorch, eager: gradients by ``torch.autograd``."""

from __future__ import annotations

import keras
import torch

from ...pytorch import build as torch_build

PREAMBLE = "import torch"
VERSION = {"torch": str(torch.__version__)}


def cuda_versions():
    """CUDA's and cuDNN's, of the libraries that it runs with."""
    return torch_build.cuda_versions(torch)


def sees_cuda():
    """Whether a GPU is there, which Keras would take."""
    return torch.cuda.is_available()


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and gradients of ``sum(cotangent * result)`` in floats that go in.

    ``form`` is always "eager".
    """

    def tensor(array):
        made = keras.ops.convert_to_tensor(array).clone()
        return made.requires_grad_() if made.is_floating_point() else made

    def pulled(arrays, dropout, cotangents):
        tensors = {name: tensor(value) for name, value in arrays.items()}
        floats = {name: value for name, value in tensors.items() if value.requires_grad}
        results = call(tensors, dropout)
        pairs = [(result, tensor(d)) for result, d in zip(results, cotangents) if d is not None]
        if not pairs:
            return results, {}, []
        roots, pulled = zip(*pairs)
        leaves = [*floats.values(), *(variable.value for variable in variables)]
        gradients = torch.autograd.grad(roots, leaves, pulled, allow_unused=True, materialize_grads=True)
        return results, dict(zip(floats, gradients)), gradients[len(floats) :]

    return pulled


def forget():
    """Nothing is kept from earlier cases."""
