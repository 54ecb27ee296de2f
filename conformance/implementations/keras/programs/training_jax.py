"""Keras on JAX: the loss and its gradients, by ``jax.value_and_grad`` under ``jax.jit``."""

from __future__ import annotations

import jax

VERSION = {"jax": jax.__version__}


def loss_and_gradients(model, loss, x, target):
    """The loss of one batch, and its gradients in the model's trainable variables."""
    fixed = [variable.value for variable in model.non_trainable_variables]

    def of(trained, x, target):
        output, _ = model.stateless_call(trained, fixed, x, training=True)
        return loss(target, output)

    if not hasattr(model, "compiled_step"):
        model.compiled_step = jax.jit(jax.value_and_grad(of))
    return model.compiled_step([variable.value for variable in model.trainable_variables], x, target)
