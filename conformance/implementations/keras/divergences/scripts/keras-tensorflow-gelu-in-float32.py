"""Keras on TensorFlow: gelu rounds the root of two (and its other constants) to float32, in float64 too."""

import math
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

layer = keras.layers.SimpleRNN(1, activation="gelu", kernel_initializer="ones", dtype="float64")
got, expected = float(layer(np.ones((1, 1, 1)))[0, 0]), math.erfc(-1 / math.sqrt(2)) / 2
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
