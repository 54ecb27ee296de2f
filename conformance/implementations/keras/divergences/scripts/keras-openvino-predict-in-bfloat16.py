"""Keras on OpenVINO: predict of a float32 model computes in bfloat16 on CPUs that have units for it."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

inputs, x = keras.Input((7, 16)), np.random.default_rng(0).normal(size=(2, 7, 16)).astype("float32")
model = keras.Model(inputs, keras.layers.LSTM(16)(inputs))
called, predicted = keras.ops.convert_to_numpy(model(x)), model.predict(x, verbose=0)
print(f"model(x) and model.predict(x) differ by {np.abs(called - predicted).max()}")
raise SystemExit(int(np.abs(called - predicted).max() > 1e-4))
