"""Keras on PyTorch: the loss and its gradients, by ``torch.autograd``, eager."""

from __future__ import annotations

import torch

VERSION = {"torch": str(torch.__version__)}


def loss_and_gradients(model, loss, x, target):
    """The loss of one batch, and its gradients in the model's trainable variables."""
    value = loss(torch.as_tensor(target), model(torch.as_tensor(x), training=True))
    return value.detach(), torch.autograd.grad(value, [variable.value for variable in model.trainable_variables])
