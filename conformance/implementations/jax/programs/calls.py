"""What a program of JAX's libraries begins and ends with: precision, values and gradients, names with dots."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

PREAMBLE = "import jax\nimport jax.numpy as jnp\nimport numpy as np"


def arrays_of(tree, dtype):
    """The arrays of a tree as JAX's, in that dtype; float64 has to be allowed first."""
    jax.config.update("jax_enable_x64", dtype == "float64")
    return jax.tree.map(lambda array: jnp.asarray(array, dtype), tree)


def values_and_gradients(compute, leaves, cotangents):
    """What ``compute(leaves)`` returns by name, and gradients of ``sum(cotangent * value)`` by the leaves' names."""

    def both(leaves, cotangents):
        if not cotangents:
            return compute(leaves)
        found, pull_back = jax.vjp(compute, leaves)
        (gradients,) = pull_back({name: cotangents.get(name, jnp.zeros_like(value)) for name, value in found.items()})
        return found | {f"d_{name}": gradient for name, gradient in gradients.items()}

    found = jax.jit(both)(leaves, cotangents)
    # float32 holds every number of half precision
    return {name: np.asarray(v, np.float64 if v.dtype == "float64" else np.float32) for name, v in found.items()}


def nested(named):
    """A tree from names with dots, as libraries keep their parameters."""
    found = {}
    for name, value in named.items():
        *parents, last = name.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return found


def weights_in(leaves, prefix):
    """The leaves that are weights of one layer, without what their names begin with."""
    start = f"weights.{prefix}"
    return {name.removeprefix(start): value for name, value in leaves.items() if name.startswith(start)}


def within_lengths(outputs, lengths):
    """The outputs, zero behind the end of each row, where the library leaves them unspecified."""
    if lengths is None:
        return outputs
    inside = jnp.arange(outputs.shape[1])[None, :] < jnp.asarray(lengths)[:, None]
    return jnp.where(inside[..., None], outputs, 0)
