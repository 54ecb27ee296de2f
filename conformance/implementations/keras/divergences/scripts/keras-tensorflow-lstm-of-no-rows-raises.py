"""Keras on TensorFlow: an LSTM raises for a batch of no rows, where a GRU gives outputs of no rows."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

nothing = np.ones((0, 3, 2), "float32")
print("GRU:", keras.layers.GRU(4)(nothing).shape)
try:
    print("LSTM:", keras.layers.LSTM(4)(nothing).shape)
except Exception as error:
    print(f"LSTM: {type(error).__name__}: {str(error).splitlines()[2]}")
    raise SystemExit(1) from None
