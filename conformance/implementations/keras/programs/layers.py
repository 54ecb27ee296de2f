"""Keras: recurrent layers as they are built, fed and called, forward and backward, on the backend that is set."""

from __future__ import annotations

import importlib
import os
import tempfile

import keras
import numpy as np

backend = importlib.import_module(f".backend_{keras.backend.backend()}", __package__)
vector_jacobian_product = backend.vector_jacobian_product


def make_layer(name, wrapper, cells, options, dtype, bidirectional=None, backward_cells=None):
    """A recurrent layer, or one that wraps cells, in one direction or in both.

    ``cells`` lists what it is made of as pairs of a kind and its options, such as ("LSTM", {"units": 3}); only
    StackedRNNCells takes more than one. ``backward_cells`` makes Bidirectional's ``backward_layer``.
    """

    def made(cells, **options):
        if wrapper == "layer":
            ((kind, cell_options),) = cells
            return getattr(keras.layers, kind)(**cell_options, **options)
        cells = [getattr(keras.layers, f"{kind}Cell")(**cell_options) for kind, cell_options in cells]
        cell = cells[0] if wrapper == "RNN(cell)" else keras.layers.StackedRNNCells(cells, dtype=dtype)
        return keras.layers.RNN(cell, **options, dtype=dtype)

    if bidirectional is None:
        return made(cells, **options, name=name)
    other = None
    if backward_cells is not None:
        other = made(backward_cells, **options | {"go_backwards": True}, name=f"{name}_other")
    layer = made(cells, **options, name=f"{name}_one")
    return keras.layers.Bidirectional(layer, backward_layer=other, **bidirectional, dtype=dtype, name=name)


def impose_dropout(layers, factors):
    """Hands each cell the masks that it would draw when its layer is called."""
    both = [isinstance(layer, keras.layers.Bidirectional) for layer in layers]
    single = [(layer.forward_layer, layer.backward_layer) if b else (layer,) for layer, b in zip(layers, both)]
    cells = [cell for one in single for layer in one for cell in getattr(layer.cell, "cells", [layer.cell])]
    for cell, masks in zip(cells, factors):
        for attribute, mask in masks.items():
            mask = keras.ops.cast(mask, cell.compute_dtype)
            gates = getattr(cell, "dropout_mask_count", None)
            if gates:
                mask = [mask[k] if len(mask.shape) == 3 else mask for k in range(gates)]
            setattr(cell, attribute, mask)


def as_list(results):
    """Several results or a single one, as a list."""
    return list(results) if isinstance(results, (list, tuple)) else [results]


def flat(nested):
    """The leaves of nested lists and tuples."""
    return [leaf for part in nested for leaf in flat(part)] if isinstance(nested, (list, tuple)) else [nested]


def picked(names, tensors):
    """The tensors of these names, nested as the names are."""
    return tensors[names] if isinstance(names, str) else [picked(name, tensors) for name in names]


def as_array(value):
    """A tensor as a NumPy array of its own dtype."""
    return keras.ops.convert_to_numpy(value).astype(keras.backend.standardize_dtype(value.dtype))


def call_layers(layers, x, mask, initial_states, training, concatenate):
    """The layers one on the other: the last one's output, then every layer's final states."""
    states = []
    for layer, initial_state in zip(layers, initial_states):
        arguments = {"initial_state": initial_state, "training": training}
        if mask is not None:  # otherwise the mask that x carries is used
            arguments["mask"] = mask
        results = as_list(layer(x, **arguments))
        if isinstance(layer, keras.layers.Bidirectional) and layer.merge_mode is None:
            results[:2] = [concatenate(results[:2], axis=-1)]
        x, *states[len(states) :] = results
    return [x, *flat(states)]


def results_of(made, x, tensors, states, training, flip):
    """The outputs of layers at their own steps, of every step or of the last, and the final states.

    states   for each layer the names of its initial states, nested as the layer takes them, or None
    flip     whether the layers run backwards and the outputs are to be put back at their own steps
    """
    given = [its and picked(its, tensors) for its in states]
    outputs, *final = call_layers(made, x, tensors.get("mask"), given, training, keras.ops.concatenate)
    outputs = keras.ops.expand_dims(outputs, 1) if len(outputs.shape) == 2 else outputs
    return [keras.ops.flip(outputs, axis=1) if flip else outputs, *final]


def connect(layers, inputs, dtype, source, call_made, functional):
    """The layers, a list of the one before them that gives them their mask, if any, what calls all, and the model.

    call_made    the outputs and the final states of layers, from the layers, their input and the tensors by name
    functional   whether there is to be a functional model of it all; else the model is None
    """
    made = [make_layer(**{k: v for k, v in its.items() if k != "input_size"}, dtype=dtype) for its in layers]
    batch, time = inputs["x"][0][:2]
    before = []
    if source == "Masking":
        before = [keras.layers.Masking(mask_value=-77.0, dtype=dtype)]
    if source == "Embedding":
        size = layers[0]["input_size"]
        before = [keras.layers.Embedding(1 + batch * time, size, mask_zero=True, dtype=dtype, name="table")]

    def call(tensors):
        x = tensors["x"]
        for layer in before:
            x = layer(x)
        return call_made(made, x, tensors)

    if not functional:
        return made, before, call, None
    symbols = {
        name: keras.Input(batch_shape=shape, dtype=kind, name=name.replace(".", "_"))
        for name, (shape, kind) in inputs.items()
    }
    return made, before, call, keras.Model(list(symbols.values()), call(symbols))


def variables_of(made, before, layers, inputs):
    """The weights of layers, then of the one before them, all of them built."""
    batch, time = inputs["x"][0][:2]
    for layer, its in zip(made, layers):
        if not layer.built:
            layer.build((batch, time, its["input_size"]))
    for layer in before:
        if not layer.built:
            layer.build((batch, time))
    return [variable for layer in [*made, *before] for variable in layer.trainable_variables]


def assemble(layers, inputs, dtype, source, form, reload, call_made, impose_dropout):
    """The layers behind what gives them their inputs and their mask: their variables, and what runs them."""
    functional = reload or form in ("Model", "predict")
    made, before, call, model = connect(layers, inputs, dtype, source, call_made, functional)
    if reload:
        with tempfile.TemporaryDirectory() as folder:
            model.save(os.path.join(folder, "model.keras"))
            model = keras.models.load_model(os.path.join(folder, "model.keras"))
        made = [model.get_layer(its["name"]) for its in layers]
        before = [model.get_layer("table")] if source == "Embedding" else before
    variables = variables_of(made, before, layers, inputs)

    def run(tensors, dropout):
        impose_dropout(made, dropout)
        return call(tensors) if model is None else as_list(model([tensors[name] for name in inputs]))

    def predict(arrays, dropout, cotangents):
        impose_dropout(made, dropout)
        batch = len(arrays["x"])
        return as_list(model.predict([arrays[name] for name in inputs], batch_size=batch, verbose=0)), {}, []

    return variables, predict if form == "predict" else vector_jacobian_product(run, variables, form)


def build_layers(layers, inputs, states, dtype, source, form, reload, training, flip):
    """The layers, ready to be run.

    inputs    name to shape and dtype of what goes in: x, mask, the initial states
    states    for each layer the names of its initial states, nested as the layer takes them, or None
    source    where the mask comes from: "argument", or propagated from a "Masking" or an "Embedding"
    form      how they are called: "eager", compiled, as a functional "Model", or by its "predict"
    reload    whether the model is saved and loaded before
    flip      whether the layers run backwards and the outputs are to be put back at their own steps
    """

    def call_made(made, x, tensors):
        return results_of(made, x, tensors, states, training, flip)

    return source, *assemble(layers, inputs, dtype, source, form, reload, call_made, impose_dropout), as_array


def fed(source, x, mask):
    """What goes into layers that get their mask from this source, by name; the rows of an Embedding, or None."""
    if source == "Embedding":  # each step has a row of the table of its own; a masked one has row 0
        rows = x.reshape(-1, x.shape[-1])
        steps = np.arange(1, 1 + len(rows), dtype="int32").reshape(x.shape[:2])
        table = np.concatenate([np.ones((1, x.shape[-1]), x.dtype), rows])
        return {"x": steps if mask is None else np.where(mask, steps, 0).astype("int32")}, table
    if source == "Masking" and mask is not None:
        return {"x": np.where(mask[..., None], x, np.asarray(-77, x.dtype))}, None
    return {"x": x} | ({} if mask is None or source != "argument" else {"mask": mask}), None


def run_built(built, weights, x, mask, initial_state, state_names, dropout, d_outputs, d_state):
    """What `build_layers` built, forward and backward: all that it computed, as NumPy arrays by name."""
    source, variables, pulled, as_array = built
    arrays, table = fed(source, x, mask)
    arrays |= {f"initial_state.{name}": part for name, part in zip(state_names, initial_state or ())}
    for variable, value in zip(variables, [*weights.values(), *([] if table is None else [table])]):
        variable.assign(value)
    cotangents = [d_outputs, *(d_state or [None] * len(state_names))]
    results, of_arrays, of_variables = pulled(arrays, dropout, cotangents)
    found = dict(zip(["outputs", *(f"state.{name}" for name in state_names)], results))
    if of_variables and any(d is not None for d in cotangents):
        found |= {f"d_{name}": d for name, d in of_arrays.items()}
        found |= {f"d_weights.{name}": d for name, d in zip(weights, of_variables)}
    found = {name: as_array(value) for name, value in found.items()}
    if source == "Embedding" and len(found) > len(results):
        found["d_x"] = as_array(of_variables[-1])[arrays["x"]]
    return found


def run_layers(model, data):
    """Recurrent layers, forward and backward: all that they computed, as NumPy arrays by name."""
    return run_built(build_layers(**model), **data)
