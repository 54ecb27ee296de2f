"""Keras on OpenVINO: Bidirectional of dtype float64 gives float32."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

layer = keras.layers.Bidirectional(keras.layers.SimpleRNN(2, dtype="float64"), dtype="float64")
got = keras.ops.convert_to_numpy(layer(np.ones((1, 3, 2)))).dtype
print(f"expected float64, got {got}")
raise SystemExit(int(got != np.float64))
