"""Keras on TensorFlow: celu, which is smooth, has slope 2 at 0: max(x, 0) and min(x, 0) each count as 1 there."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import tensorflow as tf

x = tf.constant([0.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.activations.celu(x)
got = float(tape.gradient(y, x)[0])
print(f"expected 1.0, got {got!r}")
raise SystemExit(1 if got != 1.0 else 0)
