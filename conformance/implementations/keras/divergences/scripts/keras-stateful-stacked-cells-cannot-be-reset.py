"""Keras: reset_state of a stateful RNN of several cells raises, its states being lists of lists."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

layer = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.GRUCell(2)], stateful=True)
layer(np.ones((1, 3, 4), "float32"))
try:
    layer.reset_state()
except AttributeError as error:
    print(error)
    raise SystemExit(1) from None
