"""Keras on PyTorch: a layer that is unrolled, runs backwards and has a mask raises; so does Bidirectional of it."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

layer = keras.layers.Bidirectional(keras.layers.LSTM(2, unroll=True))
try:
    layer(np.ones((1, 3, 1), "float32"), mask=np.array([[True, True, False]]))
except AttributeError as error:
    print(error)
    raise SystemExit("'tuple' object has no attribute 'shape'" in str(error)) from None
