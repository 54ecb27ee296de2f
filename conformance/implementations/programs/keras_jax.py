"""Keras on JAX: the layer and its pull-back compiled together by ``jax.jit``."""

from __future__ import annotations

import jax
import jax.numpy as jnp

PREAMBLE = "import jax\nimport jax.numpy as jnp"
VERSION = {"jax": jax.__version__}


def vector_jacobian_product(layer, weights, x, initial, cotangents):
    """Results of the layer, and gradients of ``sum(cotangent * result)`` in its weights and arguments."""
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def call(leaves):
        trained = [leaves[name] for name in weights]
        given = [leaves[name] for name in initial] or None
        results, _ = layer.stateless_call(trained, fixed, leaves["d_x"], initial_state=given)
        return list(results)

    def both(leaves, cotangents):
        results, pull_back = jax.vjp(call, leaves)
        full = [jnp.zeros_like(r) if d is None else d for r, d in zip(results, cotangents)]
        return results, pull_back(full)[0]

    leaves = {name: variable.value for name, variable in weights.items()}
    leaves |= {name: jnp.asarray(value) for name, value in (x | initial).items()}
    return jax.jit(both)(leaves, cotangents)


def forget():
    """Frees what was compiled for earlier cases."""
    jax.clear_caches()
