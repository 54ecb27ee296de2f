"""Keras: a model has no reset_state, which the documentation of stateful layers says to call on it."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras

said = " ".join(keras.layers.RNN.__doc__.split())
promised = "call `.reset_state()` on either a specific layer, or on your entire model" in said
there = hasattr(keras.Sequential([keras.layers.LSTM(2, stateful=True)]), "reset_state")
print(f"the documentation promises model.reset_state(): {promised}; models have it: {there}")
raise SystemExit(int(promised and not there))
