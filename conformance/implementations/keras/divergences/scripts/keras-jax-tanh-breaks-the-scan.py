"""Keras on JAX: a float64 SimpleRNN with its default activation cannot run, as keras.ops.tanh casts to float32."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"}
import keras
import numpy as np

try:
    keras.layers.SimpleRNN(1, dtype="float64")(np.ones((1, 1, 1)))
except TypeError as error:
    print(f"raised {str(error).splitlines()[0]}")
    raise SystemExit(1) from None
