"""Keras on TensorFlow: results and gradients by ``tf.GradientTape``, eager or compiled."""

from __future__ import annotations

import tensorflow as tf

PREAMBLE = "import tensorflow as tf"
VERSION = {"tensorflow": tf.__version__}


def cuda_versions():
    """CUDA's and cuDNN's, for which it was built."""
    built = tf.sysconfig.get_build_info()
    return {"cuda": str(built.get("cuda_version")), "cudnn": str(built.get("cudnn_version"))}


def sees_cuda():
    """Whether a GPU is there, which Keras would take."""
    return bool(tf.config.list_physical_devices("GPU"))


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and gradients of ``sum(cotangent * result)`` in floats that go in.

    ``form`` is "tf.function" or "xla" for results and gradients compiled together, or "eager".
    """
    weights = [
        each if isinstance(each, tf.Variable) else each.value for each in variables
    ]  # as Keras 2 and 3 have them

    def both(tensors, dropout, cotangents):
        floats = {name: value for name, value in tensors.items() if value.dtype.is_floating}
        with tf.GradientTape() as tape:
            tape.watch(floats)
            results = call(tensors, dropout)
        pairs = [(result, d) for result, d in zip(results, cotangents) if d is not None]
        if not pairs:
            return results, {}, []
        roots, pulled = zip(*pairs)
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(roots, [weights, floats], list(pulled), unconnected_gradients=zero)
        of_weights, of_floats = tf.nest.map_structure(tf.convert_to_tensor, gradients)
        return results, of_floats, of_weights

    if form in ("tf.function", "xla"):
        both = tf.function(both, jit_compile=form == "xla")

    def pulled(arrays, dropout, cotangents):
        tensors = {name: tf.convert_to_tensor(value) for name, value in arrays.items()}
        dropout = tf.nest.map_structure(tf.convert_to_tensor, dropout)
        return both(tensors, dropout, [None if d is None else tf.convert_to_tensor(d) for d in cotangents])

    return pulled


def forget():
    """Nothing is kept from earlier cases."""
