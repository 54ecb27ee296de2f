"""Keras on JAX: predict forgets the state of a stateful layer, which is among no variables of the model."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

inputs = keras.Input(batch_shape=(1, 3, 4))
model = keras.Model(inputs, keras.layers.LSTM(2, stateful=True)(inputs))
first, second = (model.predict(np.ones((1, 3, 4), "float32"), verbose=0) for _ in range(2))
eager = [keras.ops.convert_to_numpy(model(np.ones((1, 3, 4), "float32"))) for _ in range(2)]
print(f"predict twice: {first[0]}, {second[0]}; called twice: {eager[0][0]}, {eager[1][0]}")
raise SystemExit(int(np.array_equal(first, second)))
