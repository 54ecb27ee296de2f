"""Keras: a mask from Embedding or Masking is dropped in silence where a recurrent layer is given an initial_state."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

words = keras.layers.Embedding(9, 3, mask_zero=True)(np.array([[1, 2, 0, 0]]))
layer = keras.layers.LSTM(2)
zeros = [np.zeros((1, 2), "float32")] * 2  # what the layer starts from anyway
without, given = (keras.ops.convert_to_numpy(layer(words, initial_state=state)) for state in (None, zeros))
print(f"the output for two words and two paddings is {without}; with initial_state of zeros it is {given}")
raise SystemExit(int(np.abs(without - given).max() > 1e-6))
