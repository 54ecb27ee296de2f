"""Equinox: ``equinox.nn.LSTMCell`` and ``GRUCell`` in ``jax.lax.scan``, over the rows by ``jax.vmap``."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from .calls import arrays_of, values_and_gradients, weights_in

PREAMBLE = "import equinox as eqx"


def run_equinox(
    module,  # LSTMCell or GRUCell
    options,  # of its constructor
    dtype,
    leaves,  # "x"; "weights.<name>"; "initial_state.h" and c, where given
    cotangents,  # of "outputs" and of the final states
    reverse=False,
):
    """One cell over a sequence: all that it computed, as NumPy arrays by name."""
    leaves, cotangents = arrays_of(leaves, dtype), arrays_of(cotangents, dtype)

    def compute(given):
        cell = getattr(eqx.nn, module)(**options, dtype=jnp.dtype(dtype), key=jax.random.PRNGKey(0))
        weights = weights_in(given, "")
        its = eqx.tree_at(lambda c: [getattr(c, name) for name in weights], cell, list(weights.values()))
        zeros = jnp.zeros((len(given["x"]), options["hidden_size"]), dtype)
        h = given.get("initial_state.h", zeros)
        start = (h, given.get("initial_state.c", zeros)) if module == "LSTMCell" else h

        def row(x, state):
            def step(state, x_t):
                new = its(x_t, state)
                return new, new[0] if module == "LSTMCell" else new

            return jax.lax.scan(step, state, x, reverse=reverse)

        final, outputs = jax.vmap(row)(given["x"], start)
        found = {"outputs": outputs, "state.h": final[0] if module == "LSTMCell" else final}
        return found | ({"state.c": final[1]} if module == "LSTMCell" else {})

    return values_and_gradients(compute, leaves, cotangents)
