"""Keras: a recurrent layer of dtype bfloat16 cannot be built: its orthogonal initializer's QR has none."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

keras.layers.LSTM(2, dtype="bfloat16", recurrent_initializer="glorot_uniform")(np.ones((1, 3, 2)))
try:
    keras.layers.LSTM(2, dtype="bfloat16")(np.ones((1, 3, 2)))
except Exception as error:  # of another kind on each backend
    print(f"{type(error).__name__}: {error}")
    raise SystemExit(1) from None
