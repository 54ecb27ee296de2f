"""Keras on OpenVINO: elu and softplus of small numbers are 0, as they are exp(x) - 1 and log(1 + exp(x))."""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

wrong = 0
for name, x, expected in (("elu", -1e-9, np.expm1(-1e-9)), ("softplus", -20.0, np.log1p(np.exp(-20.0)))):
    got = float(keras.ops.convert_to_numpy(getattr(keras.activations, name)(np.full((1,), x, "float32")))[0])
    print(f"{name}({x}): expected {expected}, got {got}")
    wrong += abs(got / expected - 1) > 1e-3
raise SystemExit(int(wrong == 2))
