"""LiteRT: the sigmoid of its reference kernels (BUILTIN_REF) is exp(x) below -9, off by exp(x) of itself."""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

x = np.array([-8.9, -9.1, -10, -12], np.float32)
function = tf.function(tf.sigmoid, input_signature=[tf.TensorSpec(4)]).get_concrete_function()
content = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
made = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
made.allocate_tensors()
made.set_tensor(made.get_input_details()[0]["index"], x)
made.invoke()
off = made.get_tensor(made.get_output_details()[0]["index"]) * (1 + np.exp(-x.astype(np.float64))) - 1
print(f"sigmoid of {x} is off by {off} of itself")
raise SystemExit(1 if np.abs(off).max() > 1e-5 else 0)
