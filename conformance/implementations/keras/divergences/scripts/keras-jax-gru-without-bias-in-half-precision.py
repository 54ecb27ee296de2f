"""Keras on JAX: a GRU without bias cannot run in float16, bfloat16 or under a mixed policy."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

x = np.ones((1, 3, 2), "float32")
keras.layers.GRU(2, dtype="mixed_bfloat16")(x)  # with a bias it runs
try:
    keras.layers.GRU(2, use_bias=False, dtype="mixed_bfloat16")(x)
except TypeError as error:
    print(error)
    raise SystemExit(1) from None
