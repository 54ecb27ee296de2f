"""Keras on TensorFlow: leaky_relu's slope is an attribute in float32, so float64 is good to float32 only."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

layer = keras.layers.SimpleRNN(1, activation="leaky_relu", kernel_initializer="ones", dtype="float64")
got, expected = float(layer(np.full((1, 1, 1), -1.0))[0, 0]), -0.2
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
