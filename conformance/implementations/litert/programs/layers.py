"""LiteRT: Keras layers made a .tflite file by TensorFlow's converter, and that file run."""

from __future__ import annotations

import contextlib
import io

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ...keras.programs.layers import call_layers, picked

PREAMBLE = """\
import contextlib
import io
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType"""


def make_layer(name, wrapper, cells, options, bidirectional=None, backward_cells=None, input_size=None):
    """A recurrent layer, or one that wraps cells, in one direction or in both.

    ``cells`` lists what it is made of as pairs of a kind and its options, such as ("LSTM", {"units": 3}).
    """

    def made(cells, **options):
        if wrapper == "layer":
            ((kind, cell_options),) = cells
            return getattr(keras.layers, kind)(**cell_options, **options)
        cells = [getattr(keras.layers, f"{kind}Cell")(**cell_options) for kind, cell_options in cells]
        return keras.layers.RNN(cells[0] if wrapper == "RNN(cell)" else keras.layers.StackedRNNCells(cells), **options)

    if bidirectional is None:
        return made(cells, **options)
    other = made(backward_cells, **options | {"go_backwards": True}) if backward_cells is not None else None
    return keras.layers.Bidirectional(made(cells, **options), backward_layer=other, **bidirectional)


def build_model(layers, inputs, states, source, flip, batch, weights):
    """A functional Keras model of recurrent layers: its outputs are theirs, then every layer's final states.

    inputs   name to shape and dtype of what goes in: x, mask, the initial states
    states   for each layer the names of its initial states, nested as the layer takes them, or None
    source   where the mask comes from: "argument", or propagated from a "Masking" or an "Embedding"
    flip     whether the layers run backwards and the outputs are to be put back at their own steps
    batch    "fixed" for the number of rows that the inputs have, or "open"
    """
    made = [make_layer(**its) for its in layers]
    rows = {name: None if batch == "open" else shape[0] for name, (shape, _) in inputs.items()}
    symbols = {
        name: keras.Input(batch_shape=(rows[name], *shape[1:]), dtype=kind, name=name.replace(".", "_"))
        for name, (shape, kind) in inputs.items()
    }
    x, values = symbols["x"], list(weights)
    if source == "Masking":
        x = keras.layers.Masking(mask_value=-77.0)(x)
    if source == "Embedding":
        table = values.pop()
        embedding = keras.layers.Embedding(*table.shape, mask_zero=True)
        x = embedding(x)
        embedding.set_weights([table])
    given = [its and picked(its, symbols) for its in states]
    outputs, *final = call_layers(made, x, symbols.get("mask"), given, None, keras.ops.concatenate)
    for layer in made:
        count = len(layer.get_weights())
        layer.set_weights(values[:count])
        values = values[count:]
    return keras.Model(list(symbols.values()), [keras.ops.flip(outputs, axis=1) if flip else outputs, *final])


def convert(model):
    """The bytes of the .tflite file."""
    with contextlib.redirect_stdout(io.StringIO()):
        return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def run_file(content, arrays, kernels, calls):
    """The outputs of a .tflite file on inputs by name, in the signature's order, of one call after others alike.

    ``kernels`` are XNNPACK's where they exist ("default"), LiteRT's own ("builtin") or its plain ones ("reference").
    """
    resolvers = {"builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "reference": OpResolverType.BUILTIN_REF}
    resolver = resolvers.get(kernels, OpResolverType.AUTO)
    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=resolver)
    runner = interpreter.get_signature_runner()
    for _ in range(calls):
        found = runner(**{name.replace(".", "_"): array for name, array in arrays.items()})
    return [np.array(found[name]) for name in sorted(found)]


def run_litert(model, weights, x, mask, states, names, kernels, calls=1):
    """Recurrent layers of Keras as LiteRT runs them: outputs and final states by name.

    ``states`` are the initial states by name, ``names`` those of what the model gives.
    """
    source, arrays = model["source"], {"x": x} | states
    if source == "argument" and mask is not None:
        arrays["mask"] = mask
    if source == "Masking" and mask is not None:
        arrays["x"] = np.where(mask[..., None], x, np.asarray(-77, x.dtype))
    if source == "Embedding":  # each step has a row of the table of its own; a masked one has row 0
        rows = x.reshape(-1, x.shape[-1])
        weights = [*weights, np.concatenate([np.ones((1, x.shape[-1]), x.dtype), rows])]
        steps = np.arange(1, 1 + len(rows), dtype="int32").reshape(x.shape[:2])
        arrays["x"] = steps if mask is None else np.where(mask, steps, 0).astype("int32")
    with contextlib.redirect_stderr(io.StringIO()):
        content = convert(build_model(weights=weights, **model))
    return dict(zip(names, run_file(content, arrays, kernels, calls)))
