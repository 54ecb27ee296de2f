"""Keras on TensorFlow: elu and selu compute exp(x) - 1, which keeps no digit of a small negative x."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

wrong = 0
for name, slope in (("elu", 1.0), ("selu", 1.0507009873554805 * 1.6732632423543772)):
    layer = keras.layers.SimpleRNN(1, activation=name, kernel_initializer="ones", dtype="float32")
    got, expected = float(layer(np.full((1, 1, 1), -1e-8, np.float32))[0, 0]), slope * np.expm1(-1e-8)
    print(f"{name}: expected {expected!r}, got {got!r}")
    wrong += abs(got - expected) > 1e-4 * abs(expected)
raise SystemExit(1 if wrong else 0)
