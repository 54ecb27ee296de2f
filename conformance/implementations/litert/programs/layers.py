"""LiteRT: Keras layers made a .tflite file by TensorFlow's converter, and that file run."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ...keras.programs.layers import fed
from ...keras.programs.models import build_model

PREAMBLE = """\
import contextlib
import io
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType"""


def convert(model, weights_in):
    """The bytes of the .tflite file; "int8" has weights in 8 bits, and what they meet is rounded as it comes."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if weights_in == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def run_file(content, arrays, kernels, calls):
    """The outputs of a .tflite file on inputs by name, in the signature's order, of one call after others alike.

    ``kernels`` are XNNPACK's where they exist ("default"), LiteRT's own ("builtin") or its plain ones ("reference").
    """
    resolvers = {"builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "reference": OpResolverType.BUILTIN_REF}
    resolver = resolvers.get(kernels, OpResolverType.AUTO)
    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=resolver)
    runner = interpreter.get_signature_runner()
    for _ in range(calls):
        found = runner(**{name.replace(".", "_"): array for name, array in arrays.items()})
    return [np.array(found[name]) for name in sorted(found)]


def run_litert(model, weights, x, mask, states, names, kernels, calls=1, weights_in="float32"):
    """Recurrent layers of Keras as LiteRT runs them: outputs and final states by name.

    ``states`` are the initial states by name, ``names`` those of what the model gives.
    """
    arrays, table = fed(model["source"], x, mask)
    weights = weights if table is None else [*weights, table]
    with contextlib.redirect_stderr(io.StringIO()):
        content = convert(build_model(weights, **model), weights_in)
    return dict(zip(names, run_file(content, arrays | states, kernels, calls)))
