"""Keras on TensorFlow: unrolled and backwards, zero_output_for_mask zeroes the steps that the flipped mask names."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[True, True, False]])
options = {"go_backwards": True, "return_sequences": True, "zero_output_for_mask": True, "kernel_initializer": "ones"}
loop, unrolled = (keras.layers.SimpleRNN(1, unroll=unroll, **options)(x, mask=mask) for unroll in (False, True))
print(f"step 2 is masked and is processed first: the loop gives {loop[0, :, 0]}, unrolled it is {unrolled[0, :, 0]}")
raise SystemExit(
    int(np.array_equal(loop == 0, [[[True], [False], [False]]]) and not np.array_equal(unrolled == 0, loop == 0))
)
