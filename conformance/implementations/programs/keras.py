"""Keras: one layer, forward and backward, on the backend that is set."""

from __future__ import annotations

import importlib

import keras

backend = importlib.import_module(f".keras_{keras.backend.backend()}", __package__)
vector_jacobian_product = backend.vector_jacobian_product


def run_layer(layer_name, options, weights, x, initial_state, state_names, d_outputs, d_state):
    """One layer, forward and backward: all that it computed, as NumPy arrays by name."""
    layer = getattr(keras.layers, layer_name)(**options, return_sequences=True, return_state=True)
    layer.build(x.shape)
    layer.set_weights(list(weights.values()))
    leaves = dict(zip([f"d_weights.{name}" for name in weights], layer.trainable_variables))
    initial = {f"d_initial_state.{n}": part for n, part in zip(state_names, initial_state or ())}
    cotangents = [d_outputs, *(d_state or [None] * len(state_names))]
    results, gradients = vector_jacobian_product(layer, leaves, {"d_x": x}, initial, cotangents)
    found = dict(zip(["outputs", *(f"state.{name}" for name in state_names)], results))
    found |= gradients if any(d is not None for d in cotangents) else {}
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}
