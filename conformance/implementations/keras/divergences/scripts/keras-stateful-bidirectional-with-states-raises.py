"""Keras: Bidirectional of a stateful layer with return_state raises whenever it is called."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

layer = keras.layers.Bidirectional(keras.layers.LSTM(2, stateful=True, return_state=True))
try:
    layer(np.ones((1, 3, 4), "float32"))
except TypeError as error:
    print(error)
    raise SystemExit("unsupported operand type(s) for *: 'generator' and 'int'" in str(error)) from None
