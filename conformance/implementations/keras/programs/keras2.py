"""Keras 2: recurrent layers as they are built, fed and called, forward and backward, on TensorFlow."""

from __future__ import annotations

import os
import tempfile

import keras
import numpy as np
import tensorflow as tf

from .backend_tensorflow import vector_jacobian_product
from .layers import as_list, flat, make_layer, picked, run_built


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


def call_layers(layers, x, mask, initial_states, training):
    """The layers one on the other: the last one's output, then every layer's final states."""
    states = []
    for layer, initial_state in zip(layers, initial_states):
        arguments = {"initial_state": initial_state, "training": training}
        if mask is not None:  # otherwise the mask that x carries is used
            arguments["mask"] = mask
        results = as_list(layer(x, **arguments))
        if isinstance(layer, keras.layers.Bidirectional) and layer.merge_mode is None:
            results[:2] = [tf.concat(results[:2], axis=-1)]
        x, *states[len(states) :] = results
    return [x, *flat(states)]


def build_layers(layers, inputs, states, dtype, source, form, reload, training, flip, time_major):
    """The layers behind what gives them their inputs and their mask, ready to be run.

    inputs      name to shape and dtype of what goes in: x, mask, the initial states
    states      for each layer the names of its initial states, nested as the layer takes them, or None
    source      where the mask comes from: "argument", or propagated from a "Masking" or an "Embedding"
    form        how they are called: "eager", compiled, as a functional "Model", or by its "predict"
    reload      whether the model is saved and loaded before
    flip        whether the layers run backwards and the outputs are to be put back at their own steps
    time_major  whether the layers take and give time first, and so are to be handed x and the mask transposed
    """
    sizes = [its["input_size"] for its in layers]
    made = [make_layer(**{k: v for k, v in its.items() if k != "input_size"}, dtype=dtype) for its in layers]
    batch, time = inputs["x"][0][:2]
    first = None
    if source == "Masking":
        first = keras.layers.Masking(mask_value=-77.0, dtype=dtype)
    if source == "Embedding":
        first = keras.layers.Embedding(1 + batch * time, sizes[0], mask_zero=True, dtype=dtype, name="table")

    def call(tensors):
        x, mask = tensors["x"] if first is None else first(tensors["x"]), tensors.get("mask")
        if time_major:
            x, mask = tf.transpose(x, (1, 0, 2)), None if mask is None else tf.transpose(mask)
        given = [its and picked(its, tensors) for its in states]
        outputs, *final = call_layers(made, x, mask, given, training)
        if len(outputs.shape) == 2:
            outputs = tf.expand_dims(outputs, 1)
        elif time_major:
            outputs = tf.transpose(outputs, (1, 0, 2))
        return [tf.reverse(outputs, [1]) if flip else outputs, *final]

    model = None
    if reload or form in ("Model", "predict"):
        symbols = {name: keras.Input(batch_shape=shape, dtype=kind) for name, (shape, kind) in inputs.items()}
        model = keras.Model(list(symbols.values()), call(symbols))
    if reload:
        with tempfile.TemporaryDirectory() as folder:
            model.save(os.path.join(folder, "model.keras"))
            model = keras.models.load_model(os.path.join(folder, "model.keras"))
        made = [model.get_layer(its["name"]) for its in layers]
        first = model.get_layer("table") if source == "Embedding" else first
    for layer, size in zip(made, sizes):
        if not layer.built:
            layer.build((batch, time, size))
    variables = [variable for layer in made for variable in layer.trainable_variables]
    if source == "Embedding":
        if not first.built:
            first.build((batch, time))
        variables += first.trainable_variables

    def run(tensors, dropout):
        impose_dropout(made, dropout)
        return call(tensors) if model is None else as_list(model([tensors[name] for name in inputs]))

    def predict(arrays, dropout, cotangents):
        impose_dropout(made, dropout)
        return as_list(model.predict([arrays[name] for name in inputs], batch_size=batch, verbose=0)), {}, []

    pulled = predict if form == "predict" else vector_jacobian_product(run, variables, form)
    return source, variables, pulled, as_array


def run_layers(model, data):
    """Recurrent layers, forward and backward: all that they computed, as NumPy arrays by name."""
    return run_built(build_layers(**model), **data)
