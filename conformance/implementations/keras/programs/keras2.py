"""Keras 2: recurrent layers as they are built, fed and called, forward and backward, on TensorFlow."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from .layers import assemble, call_layers, picked, run_built


def impose_dropout(layers, factors):
    """Hands each cell the masks that it would draw when its layer is called."""

    def drawn(mask, time_major):
        def draw(inputs, training, count=1):
            its = tf.cast(mask, inputs.dtype)
            masks = [its[k] if len(its.shape) == 3 else its for k in range(count)]
            if len(inputs.shape) == 3:  # a layer that runs no cell drops its whole input
                masks = [mask[None] if time_major else mask[:, None] for mask in masks]
            return masks if count > 1 else masks[0]

        return draw

    both = [isinstance(layer, keras.layers.Bidirectional) for layer in layers]
    single = [(layer.forward_layer, layer.backward_layer) if b else (layer,) for layer, b in zip(layers, both)]
    cells = [(layer, cell) for one in single for layer in one for cell in getattr(layer.cell, "cells", [layer.cell])]
    for (layer, cell), masks in zip(cells, factors):
        for attribute, mask in masks.items():
            method = f"get{attribute}_for_cell"
            for drawing in (cell, layer) if hasattr(layer, method) else (cell,):
                object.__setattr__(drawing, method, drawn(mask, layer.time_major))  # a layer's own would track it


def as_array(value):
    """A tensor as a NumPy array."""
    return np.asarray(value)


def build_layers(layers, inputs, states, dtype, source, form, reload, training, flip, time_major):
    """The layers, ready to be run.

    inputs      name to shape and dtype of what goes in: x, mask, the initial states
    states      for each layer the names of its initial states, nested as the layer takes them, or None
    source      where the mask comes from: "argument", or propagated from a "Masking" or an "Embedding"
    form        how they are called: "eager", compiled, as a functional "Model", or by its "predict"
    reload      whether the model is saved and loaded before
    flip        whether the layers run backwards and the outputs are to be put back at their own steps
    time_major  whether the layers take and give time first, and so are to be handed x and the mask transposed
    """

    def call_made(made, x, tensors):
        mask = tensors.get("mask")
        if time_major:
            x, mask = tf.transpose(x, (1, 0, 2)), None if mask is None else tf.transpose(mask)
        given = [its and picked(its, tensors) for its in states]
        outputs, *final = call_layers(made, x, mask, given, training, tf.concat)
        if len(outputs.shape) == 2:
            outputs = tf.expand_dims(outputs, 1)
        elif time_major:
            outputs = tf.transpose(outputs, (1, 0, 2))
        return [tf.reverse(outputs, [1]) if flip else outputs, *final]

    return source, *assemble(layers, inputs, dtype, source, form, reload, call_made, impose_dropout), as_array


def run_layers(model, data):
    """Recurrent layers, forward and backward: all that they computed, as NumPy arrays by name."""
    return run_built(build_layers(**model), **data)
