"""Keras: a functional model of recurrent layers, to be converted or exported."""

from __future__ import annotations

from .layers import connect, results_of, variables_of


def build_model(weights, layers, inputs, states, dtype, source, flip):
    """The model: it takes ``inputs`` by name, and returns the last layer's outputs, then every layer's final states.

    weights   those of the layers one after the other, then the table of an Embedding
    inputs    name to shape and dtype of what goes in: x, mask, the initial states; the batch may be None, which is any
    states    for each layer the names of its initial states, nested as the layer takes them, or None
    source    where the mask comes from: "argument", or propagated from a "Masking" or an "Embedding"
    flip      whether the layers run backwards and the outputs are to be put back at their own steps
    """

    def call_made(made, x, tensors):
        return results_of(made, x, tensors, states, None, flip)

    made, before, _, model = connect(layers, inputs, dtype, source, call_made, functional=True)
    for variable, value in zip(variables_of(made, before, layers, inputs), weights):
        variable.assign(value)
    return model
