"""Keras on TensorFlow: Adam's bias correction has decays rounded to float32, in float64 too. Exit status 1 while so."""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

weight = keras.Variable(np.zeros(1), dtype="float64")
optimizer = keras.optimizers.Adam(1.0, epsilon=0.0)
optimizer.build([weight])
optimizer.apply([keras.ops.ones((1,), dtype="float64")], [weight])
# In its first step Adam moves by the learning rate: m = 0.1 g and v = 0.001 g**2, freed of their bias, are g and g**2.
off = abs(1 + keras.ops.convert_to_numpy(weight)[0])
print(f"the first step is off by {off:.3g} of its length; float64 rounds to {np.finfo(float).eps:.3g}")
sys.exit(int(off > 1e-12))  # 1 - 0.999**1 has 13 digits
