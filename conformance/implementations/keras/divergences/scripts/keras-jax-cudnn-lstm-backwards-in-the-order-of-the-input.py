"""Keras on JAX: backwards, an LSTM by cuDNN (without a GPU, by JAX's reference) gives its outputs in another order."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import jax
import keras
import numpy as np
from jax.experimental import rnn

if jax.default_backend() != "gpu":
    keras.src.backend.rnn.__globals__["_is_gpu_available"] = lambda: True
    of = ("input_size", "hidden_size", "num_layers", "bidirectional")
    rnn.lstm = lambda x, h, c, w, n, **o: rnn.lstm_ref(x, h, c, *rnn.unpack_lstm_weights(w, *map(o.get, of)), n, **o)
options = {"kernel_initializer": "ones", "return_sequences": True, "go_backwards": True}
layers = [keras.layers.LSTM(1, recurrent_initializer="ones", use_cudnn=use, **options) for use in (True, False)]
fused, loop = (np.ravel(layer(np.array([[[1.0], [-2.0]]], "float32"))) for layer in layers)
print(f"outputs by cuDNN {fused}, by the loop {loop}")
raise SystemExit(int((fused[0] < fused[1]) != (loop[0] < loop[1])))
