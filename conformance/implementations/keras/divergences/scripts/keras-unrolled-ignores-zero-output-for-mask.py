"""Keras: unrolled, zero_output_for_mask is ignored, and Bidirectional merges what should be zeros."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "jax")
import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[True, True, False]])
layers = [keras.layers.SimpleRNN(1, return_sequences=True, unroll=unroll) for unroll in (False, True)]
loop, unrolled = (keras.layers.Bidirectional(layer)(x, mask=mask)[0, 2] for layer in layers)
print(f"the output of the masked step is {loop} in the loop, {unrolled} unrolled; Bidirectional promises zeros")
raise SystemExit(int(not np.any(loop) and np.any(unrolled)))
