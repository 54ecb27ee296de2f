"""Keras: RNN makes StackedRNNCells of a list of cells without its dtype: float64 states are rounded to float32."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

keep = {"activation": "linear", "kernel_initializer": "zeros", "recurrent_initializer": "ones", "dtype": "float64"}
layer = keras.layers.RNN([keras.layers.SimpleRNNCell(1, **keep)], dtype="float64", unroll=True)
got = layer(np.zeros((1, 1, 1)), initial_state=[[np.full((1, 1), 0.1)]])
print(f"expected 0.1, got {float(got[0, 0])!r}")
raise SystemExit(int(abs(float(got[0, 0]) - 0.1) > 1e-12))
