"""Keras: a float64 SimpleRNN is good to float32 only, as keras.ops.matmul multiplies in float32."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "torch")
import keras
import numpy as np

constant = keras.initializers.Constant(0.1)
layer = keras.layers.SimpleRNN(1, activation="linear", dtype="float64", kernel_initializer=constant, use_bias=False)
got = float(layer(np.full((1, 1, 1), 0.1))[0, 0])
print(f"expected {0.1 * 0.1!r}, got {got!r}")
raise SystemExit(1 if abs(got - 0.1 * 0.1) > 1e-12 else 0)
