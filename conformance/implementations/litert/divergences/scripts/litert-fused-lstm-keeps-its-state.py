"""LiteRT: a stateless LSTM of Keras 2, made one operator, begins its second call where its first ended."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # so that tf.keras is tf-keras, which carries on Keras 2
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

layer_input = tf.keras.Input(batch_shape=(1, 4, 2))
model = tf.keras.Model(layer_input, tf.keras.layers.LSTM(3)(layer_input))
run = Interpreter(model_content=tf.lite.TFLiteConverter.from_keras_model(model).convert()).get_signature_runner()
x = np.ones((1, 4, 2), np.float32)
(name,) = run.get_input_details()
first, second = (next(iter(run(**{name: x}).values())).copy() for _ in range(2))
print(
    f"the second call is off by {np.abs(second - first).max():.2g}; Keras's by {np.abs(model(x) - model(x)).max():.2g}"
)
raise SystemExit(1 if np.abs(second - first).max() > 1e-3 else 0)
