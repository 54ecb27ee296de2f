"""Keras on JAX: the layers and their pull-back, traced as a whole or not."""

from __future__ import annotations

import contextlib
import os
from unittest import mock

import jax
import jax.extend
import jax.numpy as jnp
import keras

PREAMBLE = "import jax\nimport jax.numpy as jnp"
VERSION = {"jax": jax.__version__}


def cuda_versions():
    """CUDA's, of the libraries that it runs with."""
    return {"cuda": jax.extend.backend.get_backend().platform_version.replace("\n", ", ")}


def sees_cuda():
    """Whether a GPU is there, which Keras would take."""
    return jax.default_backend() == "gpu"


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and gradients of ``sum(cotangent * result)`` in floats that go in.

    ``form`` is "jit" for results and gradients compiled together, or "eager".
    """

    def both(weights, floats, others, dropout, cotangents):
        def results_of(weights, floats):
            with keras.StatelessScope(state_mapping=list(zip(variables, weights))):
                return call(floats | others, dropout)

        if all(d is None for d in cotangents):
            return results_of(weights, floats), {}, []
        results, pull_back = jax.vjp(results_of, weights, floats)
        of_weights, of_floats = pull_back([jnp.zeros_like(r) if d is None else d for r, d in zip(results, cotangents)])
        return results, of_floats, of_weights

    both = jax.jit(both) if form == "jit" else both

    def pulled(arrays, dropout, cotangents):
        arrays = {name: jnp.asarray(value) for name, value in arrays.items()}
        floats = {name: value for name, value in arrays.items() if jnp.issubdtype(value.dtype, jnp.floating)}
        others = {name: value for name, value in arrays.items() if name not in floats}
        return both([variable.value for variable in variables], floats, others, dropout, cotangents)

    return pulled


def on_the_cpu():
    """While it lasts, Keras computes on the CPU, as where there is no GPU: it would ask cuDNN, wherever it computes."""
    found = contextlib.ExitStack()
    found.enter_context(keras.device("cpu:0"))
    found.enter_context(mock.patch.dict(keras.src.backend.rnn.__globals__, {"_is_gpu_available": lambda: False}))
    return found


def is_full():
    """Whether half of the memory maps that Linux allows a process are taken: each loop is compiled into some."""
    if not os.path.exists("/proc/sys/vm/max_map_count"):
        return False
    with open("/proc/sys/vm/max_map_count") as most, open("/proc/self/maps", "rb") as maps:
        return sum(1 for _ in maps) > int(most.read()) // 2


def forget():
    """Frees what was compiled for earlier cases."""
    jax.clear_caches()
