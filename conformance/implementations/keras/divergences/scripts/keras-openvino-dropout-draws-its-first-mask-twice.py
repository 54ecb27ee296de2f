"""Keras on OpenVINO: the first two calls of a layer with dropout draw the same factors."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

x, layer = np.ones((8, 4, 16), "float32"), keras.layers.LSTM(48, dropout=0.5)
first, second, third = (keras.ops.convert_to_numpy(layer(x, training=True)) for _ in range(3))
print(
    f"the second call differs from the first by {np.abs(first - second).max()}, the third {np.abs(first - third).max()}"
)
raise SystemExit(int((first == second).all() and (first != third).any()))
