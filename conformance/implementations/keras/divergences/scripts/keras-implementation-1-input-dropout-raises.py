"""Keras: an LSTM or GRU with implementation=1 and dropout raises in training: it takes one mask a gate for one mask."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

x, raised = np.ones((2, 3, 4), "float32"), 0
keras.layers.RNN(keras.layers.LSTMCell(5, dropout=0.5, implementation=1))(x, training=True)  # fine
for layer in (keras.layers.LSTM, keras.layers.GRU):
    try:
        layer(5, dropout=0.5, implementation=1)(x, training=True)
    except Exception as error:  # of another kind on each backend
        raised += 1
        print(f"{layer.__name__}: {type(error).__name__}: {str(error).splitlines()[2]}")
raise SystemExit(int(raised > 0))
