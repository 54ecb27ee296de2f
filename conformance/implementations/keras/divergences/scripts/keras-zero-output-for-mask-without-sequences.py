"""Keras: zero_output_for_mask, documented as used only when return_sequences is True, zeroes the last output too."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[True, True, False]])
layer = keras.layers.LSTM(1, zero_output_for_mask=True, return_state=True, kernel_initializer="ones")
output, h, _ = layer(x, mask=mask)
print(f"without sequences the output is {float(output[0, 0])}, and the state that it should be {float(h[0, 0])}")
raise SystemExit(int(output[0, 0] != h[0, 0]))
