"""Keras on OpenVINO: a float16 GRU with reset_after=False is wrong from its second step on."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

rng, found = np.random.default_rng(0), []
x, weights = rng.normal(size=(2, 2, 3)), [rng.normal(size=size) / 2 for size in ((3, 15), (5, 15), (15,))]
for dtype in ("float32", "float16"):
    layer = keras.layers.GRU(5, dtype=dtype, reset_after=False, recurrent_initializer="zeros")
    layer.build(x.shape)
    layer.set_weights(weights)
    found.append(keras.ops.convert_to_numpy(layer(x.astype(dtype))).astype("float32"))
print(f"float32: {found[0][0]}\nfloat16: {found[1][0]}")
raise SystemExit(int(np.abs(found[0] - found[1]).max() > 0.1))
