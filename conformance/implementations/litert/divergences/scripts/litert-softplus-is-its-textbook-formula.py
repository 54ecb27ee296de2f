"""TensorFlow's converter: softplus becomes log(exp(x) + 1), 0 for x = -20 and infinite, or 88.7, for x = 100."""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

x = np.array([-20, 100], np.float32)
function = tf.function(tf.math.softplus, input_signature=[tf.TensorSpec(2)]).get_concrete_function()
made = Interpreter(model_content=tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
made.allocate_tensors()
made.set_tensor(made.get_input_details()[0]["index"], x)
made.invoke()
found, expected = made.get_tensor(made.get_output_details()[0]["index"]), np.logaddexp(x, 0)
print(f"expected {expected}, got {found}")
raise SystemExit(0 if np.abs(found / expected - 1).max() < 1e-5 else 1)
