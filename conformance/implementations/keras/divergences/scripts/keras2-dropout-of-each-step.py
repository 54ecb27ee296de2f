"""Keras 2: an LSTM drops its input anew at every step, and by one mask for all steps where it is unrolled."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import tensorflow as tf

x, differ = tf.ones((1, 20, 1)), {}
for unroll in (False, True):
    layer = keras.layers.LSTM(1, dropout=0.5, unroll=unroll, kernel_initializer="ones")
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = layer(x, training=True)
    dropped = tape.gradient(output, x)[0, :, 0].numpy() == 0
    differ[unroll] = dropped.any() and not dropped.all()
    print(f"unroll={unroll}: of 20 steps {dropped.sum()} are dropped")
raise SystemExit(1 if differ[False] and not differ[True] else 0)
