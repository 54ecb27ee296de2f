"""Keras on OpenVINO: a float64 layer with a mask raises."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

layer, x = keras.layers.SimpleRNN(2, dtype="float64"), np.ones((1, 3, 2))
layer(x)  # without a mask it runs
try:
    layer(x, mask=np.array([[True, True, False]]))
except Exception as error:
    raise SystemExit(int("element::Type::merge" in str(error))) from None
