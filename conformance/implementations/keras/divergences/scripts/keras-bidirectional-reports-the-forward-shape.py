"""Keras: Bidirectional with a backward_layer of another size tells a model twice the forward one's size."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

layer = keras.layers.Bidirectional(keras.layers.LSTM(2), backward_layer=keras.layers.LSTM(5, go_backwards=True))
told = layer(keras.Input((3, 4))).shape[-1]
made = layer(np.ones((1, 3, 4), "float32")).shape[-1]
print(f"the symbolic output has {told} features, the computed one {made}")
raise SystemExit(int(told != made))
