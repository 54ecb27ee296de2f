"""LiteRT: XNNPACK's sigmoid, in each LSTM and GRU by default, is NaN from 2^91 on; LiteRT's own is 0 and 1."""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

x = np.array([-(2.0**91), -(2.0**90), 2.0**90, 2.0**91], np.float32)
function = tf.function(tf.sigmoid, input_signature=[tf.TensorSpec(4)]).get_concrete_function()
content = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
found = {}
for name in ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"):
    made = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType[name])
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], x)
    made.invoke()
    found[name] = made.get_tensor(made.get_output_details()[0]["index"])
print(found)
raise SystemExit(1 if np.isnan(found["AUTO"]).any() else 0)
