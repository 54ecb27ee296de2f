"""Keras on PyTorch: squareplus rounds its parameter b to float32, in float64 too."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch

got = float(keras.activations.squareplus(torch.tensor(0.0, dtype=torch.float64), b=0.3))
expected = float(np.sqrt(0.3) / 2)
print(f"expected {expected!r}, got {got!r}")
raise SystemExit(1 if abs(got - expected) > 1e-12 else 0)
