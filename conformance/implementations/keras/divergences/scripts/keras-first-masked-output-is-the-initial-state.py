"""Keras: until a row's first unmasked step the loop outputs the initial state, where zeros are due."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "jax")
import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[False, True, True]])
state = np.full((1, 1), 0.5, "float32")
loop, unrolled = (
    keras.layers.SimpleRNN(1, unroll=unroll, return_sequences=True)(x, mask=mask, initial_state=state)[0, 0, 0]
    for unroll in (False, True)
)
print(f"the first output, of a masked step, is {loop}; unrolled, as on TensorFlow and PyTorch, it is {unrolled}")
raise SystemExit(int(loop != unrolled))
