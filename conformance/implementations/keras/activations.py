"""Keras's activations on the backend that ``KERAS_BACKEND`` names."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}  # read on import

import keras
import numpy as np

from ...contract import Array
from ..activations import Evaluate, Evaluated

_BACKEND = keras.backend.backend()


class KerasActivations:
    """``keras.activations``."""

    version = f"keras {keras.__version__} on {_BACKEND} {sys.modules[_BACKEND].__version__}"

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate | None:
        """Keras's function of that name; its hard_sigmoid has no parameters."""
        function = getattr(keras.activations, "gelu" if name == "gelu_tanh" else name, None)
        if function is None or name == "linear" or (name == "hard_sigmoid" and numbers):
            return None
        if name == "gelu_tanh":
            return _BY_BACKEND[_BACKEND](lambda x: function(x, approximate=True))
        return _BY_BACKEND[_BACKEND](lambda x: function(x, *numbers))


def _by_torch(function: Callable[[Any], Any]) -> Evaluate:
    from ..pytorch.activations import by_autograd

    return by_autograd(function)


def _by_jax(function: Callable[[Any], Any]) -> Evaluate:
    import jax
    from jax import numpy as jnp

    both = jax.jit(lambda x: (lambda y, pull: (y, pull(jnp.ones_like(y))[0]))(*jax.vjp(function, x)))

    def evaluate(dtype: str, x: Array) -> Evaluated:
        y, slope = both(jnp.asarray(x).astype(dtype))
        return np.array(y, np.float64), np.array(slope, np.float64)

    return evaluate


def _by_tensorflow(function: Callable[[Any], Any]) -> Evaluate:
    import tensorflow as tf

    def evaluate(dtype: str, x: Array) -> Evaluated:
        t = tf.cast(tf.constant(x), dtype)
        with tf.GradientTape() as tape:
            tape.watch(t)
            y = function(t)
        slope = tape.gradient(y, t)
        return tf.cast(y, "float64").numpy().copy(), tf.cast(slope, "float64").numpy().copy()

    return evaluate


_BY_BACKEND: Mapping[str, Callable[[Callable[[Any], Any]], Evaluate]] = {
    "torch": _by_torch,
    "jax": _by_jax,
    "tensorflow": _by_tensorflow,
}
