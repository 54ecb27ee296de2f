"""Keras: a model trained step by step, on the backend that is set; every step is recorded."""

from __future__ import annotations

import importlib

import keras
import numpy as np

backend = importlib.import_module(f".training_{keras.backend.backend()}", __package__)
loss_and_gradients = backend.loss_and_gradients


def train(layers, weights, loss, loss_options, optimizer, optimizer_options, batches, dtype, steps, slots):
    """Trains a Sequential model; before step 0 and after every step its weights and the optimizer's slots, and every
    step's loss and gradients, as NumPy arrays in lists."""
    keras.config.set_floatx(dtype)  # Keras holds the learning rate in it
    made = [getattr(keras.layers, name)(**options) for name, options in layers]
    x, _ = batches[0]
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=str(x.dtype)), *made])
    model.set_weights(weights)
    loss = getattr(keras.losses, loss)(**loss_options)
    optimizer = getattr(keras.optimizers, optimizer)(**optimizer_options)
    variables = model.trainable_variables
    optimizer.build(variables)

    def numbers(values):
        return [np.array(keras.ops.convert_to_numpy(value)) for value in values]

    def state():
        found = {"params": numbers(variables)}
        for slot in slots:
            ends = [f"{variable.path.replace('/', '_')}_{slot}" for variable in variables]
            found[slot] = numbers(next(v for v in optimizer.variables if v.path.endswith(end)) for end in ends)
        return found

    losses, gradients, states = [], [], [state()]
    for step in range(steps):
        x, target = batches[step % len(batches)]
        value, found = loss_and_gradients(model, loss, x, target)
        losses.append(float(value))
        gradients.append(numbers(keras.ops.convert_to_tensor(g) for g in found))
        optimizer.apply(found, variables)
        states.append(state())
    return losses, gradients, states
