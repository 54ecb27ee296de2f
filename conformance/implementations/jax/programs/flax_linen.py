"""Flax's linen: a cell in ``RNN``, or two in ``Bidirectional``, forward and backward."""

from __future__ import annotations

import flax.linen as nn
import jax

from .calls import arrays_of, nested, values_and_gradients, weights_in
from .flax_calls import called, merging

PREAMBLE = "import flax.linen as nn"


def run_linen(
    cells,  # for each direction the name of its class in flax.linen, and its activations' names in jax.nn
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
    made = []
    for (name, activations), size in zip(cells, features):
        functions = {argument: getattr(jax.nn, function) for argument, function in activations.items()}
        cell = getattr(nn, name)(size, dtype=dtype, param_dtype=dtype, **functions)
        made.append(nn.RNN(cell, reverse=reverse, keep_order=keep_order, time_major=time_major, return_carry=True))
    layer = made[0]
    if len(made) > 1:
        layer = nn.Bidirectional(*made, merge_fn=merging(merge), time_major=time_major, return_carry=True)

    def compute(given):
        trees = [nested(weights_in(given, prefix)) for prefix in prefixes]
        places = [{"cell": tree} for tree in trees]
        variables = places[0] if len(made) == 1 else {"forward_rnn": places[0], "backward_rnn": places[1]}

        def call(x, start):
            return layer.apply({"params": variables}, x, initial_carry=start, seq_lengths=lengths)

        return called(call, given, prefixes, lengths, time_major)

    return values_and_gradients(compute, leaves, cotangents)
