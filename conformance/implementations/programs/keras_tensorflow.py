"""Keras on TensorFlow, eager: results and gradients by ``tf.GradientTape``."""

from __future__ import annotations

import tensorflow as tf

PREAMBLE = "import tensorflow as tf"
VERSION = {"tensorflow": tf.__version__}


def vector_jacobian_product(layer, weights, x, initial, cotangents):
    """Results of the layer, and gradients of ``sum(cotangent * result)`` in its weights and arguments."""
    leaves = {name: tf.Variable(value) for name, value in (x | initial).items()}
    with tf.GradientTape() as tape:
        given = [leaves[name] for name in initial] or None
        results = layer(leaves["d_x"], initial_state=given)
        pairs = [(root, d) for root, d in zip(results, cotangents) if d is not None]
        loss = tf.add_n([tf.reduce_sum(root * d) for root, d in pairs] or [tf.zeros(())])
    leaves |= {name: variable.value for name, variable in weights.items()}
    zero = tf.UnconnectedGradients.ZERO
    gradients = tape.gradient(loss, list(leaves.values()), unconnected_gradients=zero)
    return results, {n: tf.convert_to_tensor(d) for n, d in zip(leaves, gradients)}


def forget():
    """Nothing is kept from earlier cases."""
