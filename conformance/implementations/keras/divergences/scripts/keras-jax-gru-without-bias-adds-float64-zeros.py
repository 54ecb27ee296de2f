"""Keras on JAX with 64-bit types enabled: a float32 GRU without bias cannot run, as its loop adds float64 zeros."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"}
import keras
import numpy as np

layer = keras.layers.GRU(1, activation="sigmoid", use_bias=False, dtype="float32")
try:
    layer(np.ones((1, 1, 1), np.float32))
except TypeError as error:
    print(f"raised {str(error).splitlines()[0]}")
    raise SystemExit(1) from None
