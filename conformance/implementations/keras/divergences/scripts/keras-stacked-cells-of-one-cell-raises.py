"""Keras: an RNN of a list of one cell raises, its only state being taken out of its list."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

x, mask = np.ones((2, 3, 4), "float32"), np.ones((2, 3), bool)
keras.layers.RNN([keras.layers.LSTMCell(5), keras.layers.LSTMCell(5)])(x, mask=mask)  # two cells are welcome
try:
    keras.layers.RNN([keras.layers.LSTMCell(5)])(x, mask=mask)
except Exception as error:  # of another kind on each backend
    print(f"{type(error).__name__}: {error}")
    raise SystemExit(1) from None
