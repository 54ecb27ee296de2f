"""Keras on OpenVINO: a float64 layer is good to float32 only."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

constant = keras.initializers.Constant(0.1)
layer = keras.layers.SimpleRNN(1, activation="linear", dtype="float64", kernel_initializer=constant, use_bias=False)
got = float(keras.ops.convert_to_numpy(layer(np.full((1, 1, 1), 0.1)))[0, 0])
print(f"expected {0.1 * 0.1!r}, got {got!r}")
raise SystemExit(int(abs(got - 0.1 * 0.1) > 1e-12))
