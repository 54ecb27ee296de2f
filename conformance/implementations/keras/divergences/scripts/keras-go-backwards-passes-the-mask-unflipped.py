"""Keras: a layer with go_backwards passes on flipped outputs, but not their mask: the next layer takes in padding."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", sys.argv[1] if sys.argv[1:] else "tensorflow")
import keras
import numpy as np

first = keras.layers.SimpleRNN(2, return_sequences=True, go_backwards=True, zero_output_for_mask=True)
second = keras.layers.SimpleRNN(2)
x, mask = np.ones((1, 4, 1), "float32"), np.array([[True, False, False, False]])
outputs = first(x, mask=mask)  # three zeros for the padding, then the output of the only step that counts
propagated, right = second(outputs), second(outputs, mask=mask[:, ::-1])
print(f"the next layer gives {propagated[0]} with the mask that is passed on, {right[0]} with it flipped as well")
raise SystemExit(int(bool(keras.ops.any(propagated != right))))
