"""tf2onnx: Keras layers made an ONNX file on the TensorFlow backend, and that file run by ONNX Runtime."""

from __future__ import annotations

import os
import tempfile

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from ...keras.programs.layers import fed
from ...keras.programs.models import build_model

PREAMBLE = """\
import os
import tempfile
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import onnxruntime
import tensorflow as tf
import tf2onnx"""


def export(model, arrays, exporter):
    """The model as an ONNX file, in bytes: by "from_function", "from_keras", or Keras's own "model.export"."""
    if exporter == "from_keras":
        return tf2onnx.convert.from_keras(model)[0].SerializeToString()
    if exporter == "model.export":
        model(list(arrays.values()))  # one that was never called is refused
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            model.export(path, format="onnx", verbose=False)
            with open(path, "rb") as file:
                return file.read()
    signature = [tf.TensorSpec(one.shape, one.dtype, one.name) for one in model.inputs]
    function = tf.function(lambda *tensors: model(list(tensors)), input_signature=signature)
    return tf2onnx.convert.from_function(function, signature)[0].SerializeToString()


def run_tf2onnx(model, weights, x, mask, states, names, exporter):
    """Recurrent layers of Keras as ONNX Runtime runs their export: outputs and final states by name.

    ``states`` are the initial states by name, ``names`` those of what the model gives.
    """
    arrays, table = fed(model["source"], x, mask)
    arrays |= states
    built = build_model([*weights, *([] if table is None else [table])], **model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = export(built, arrays, exporter)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    given = {name.replace(".", "_"): np.asarray(array) for name, array in arrays.items()}
    return dict(zip(names, session.run(None, given)))
