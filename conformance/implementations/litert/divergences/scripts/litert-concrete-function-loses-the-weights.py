"""TensorFlow's converter: from_concrete_functions leaves out a Keras 3 model's weights, and the file gives NaN."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

model = keras.Sequential([keras.Input(batch_shape=(1, 4, 2)), keras.layers.GRU(3, unroll=True)])
x = np.ones((1, 4, 2), np.float32)
function = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((1, 4, 2))]).get_concrete_function()
content = tf.lite.TFLiteConverter.from_concrete_functions([function], model).convert()
found = Interpreter(model_content=content).get_signature_runner()(x=x)["output_0"]
expected = np.asarray(model(x))
print(f"expected {expected[0]}, got {found[0]}")
raise SystemExit(0 if np.abs(expected - found).max() < 1e-5 else 1)
