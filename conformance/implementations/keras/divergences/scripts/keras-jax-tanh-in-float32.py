"""Keras on JAX: a float64 LSTM is good to float32 only, as keras.ops.tanh casts to float32."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"}
import keras
import numpy as np

layer = keras.layers.LSTM(1, dtype="float64", kernel_initializer="ones", use_bias=False)
got = float(layer(np.ones((1, 1, 1)))[0, 0])
gate = 1 / (1 + np.exp(-1.0))
expected = gate * np.tanh(gate * np.tanh(1.0))
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
