"""Keras 2: hard_sigmoid is 0.2 x + 0.5, clipped, where Keras 3 has relu6(x + 3) / 6."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

layer = keras.layers.SimpleRNN(1, activation="hard_sigmoid", kernel_initializer="ones")
got = float(layer(np.ones((1, 1, 1), "float32"))[0, 0])
print(f"Keras {keras.__version__}: hard_sigmoid(1) is {got:.6f}; 0.2 + 0.5 is 0.7, (1 + 3) / 6 is {4 / 6:.6f}")
raise SystemExit(1 if abs(got - 4 / 6) > 1e-3 else 0)
