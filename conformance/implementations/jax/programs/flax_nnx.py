"""Flax's nnx: a cell in ``RNN``, or two in ``Bidirectional``, forward and backward."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from .calls import arrays_of, values_and_gradients, weights_in
from .flax_calls import called, merging

PREAMBLE = "from flax import nnx"


def set_weights(cell, weights):
    """Puts the arrays, by names with dots, into the cell's parameters; ``LSTMCell`` has those of each gate apart."""
    if isinstance(cell, nnx.LSTMCell):
        apart = {}
        for name, value in weights.items():
            side, last = name.removeprefix("dense_").split(".")
            for gate, part in zip(("i", "f_", "g", "o"), jnp.split(value, 4, axis=-1)):
                apart[f"{side}{gate if side == 'i' else gate[0]}.{last}"] = part
        weights = apart
    for name, value in weights.items():
        *parents, last = name.split(".")
        place = cell
        for parent in parents:
            place = getattr(place, parent)
        getattr(place, last)[...] = value


def run_nnx(
    cells,  # for each direction the name of its class in flax.nnx, and its activations' names in jax.nn
    features,  # the hidden size of each direction
    dtype,
    leaves,  # "x"; "weights.<prefix><name>"; "initial_state.<prefix>h" and c, where given
    cotangents,  # of "outputs" and of the final states
    prefixes=("",),  # of each direction's names
    reverse=False,
    keep_order=True,
    lengths=None,
    time_major=False,
    merge="concat",
):
    """One layer: all that it computed, as NumPy arrays by name."""
    leaves, cotangents = arrays_of(leaves, dtype), arrays_of(cotangents, dtype)
    lengths = None if lengths is None else jnp.asarray(lengths)

    def made(given):
        layers = []
        for (name, activations), size, prefix in zip(cells, features, prefixes):
            functions = {argument: getattr(jax.nn, function) for argument, function in activations.items()}
            options = {"dtype": dtype, "param_dtype": dtype, "rngs": nnx.Rngs(0), **functions}
            cell = getattr(nnx, name)(given["x"].shape[-1], size, **options)
            set_weights(cell, weights_in(given, prefix))
            how = {"reverse": reverse, "keep_order": keep_order, "time_major": time_major}
            layers.append(nnx.RNN(cell, return_carry=True, **how))
        if len(layers) == 1:
            return layers[0]
        return nnx.Bidirectional(*layers, merge_fn=merging(merge), time_major=time_major, return_carry=True)

    def compute(given):
        def call(x, start):
            return made(given)(x, initial_carry=start, seq_lengths=lengths)

        return called(call, given, prefixes, lengths, time_major)

    return values_and_gradients(compute, leaves, cotangents)
