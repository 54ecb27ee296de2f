"""TensorFlow's converter: selu becomes exp(x) - 1, which keeps few digits of a small negative number."""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

x = np.array([-1e-6, -1e-4], np.float32)
function = tf.function(tf.nn.selu, input_signature=[tf.TensorSpec(2)]).get_concrete_function()
made = Interpreter(model_content=tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
made.allocate_tensors()
made.set_tensor(made.get_input_details()[0]["index"], x)
made.invoke()
found, expected = made.get_tensor(made.get_output_details()[0]["index"]), 1.7580993408473766 * np.expm1(x.astype(float))
print(f"expected {expected}, got {found}")
raise SystemExit(0 if np.abs(found / expected - 1).max() < 1e-5 else 1)
