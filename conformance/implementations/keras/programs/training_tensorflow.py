"""Keras on TensorFlow: the loss and its gradients, by ``tf.GradientTape`` in a ``tf.function``, as ``fit`` has them."""

from __future__ import annotations

import tensorflow as tf

VERSION = {"tensorflow": tf.__version__}


def loss_and_gradients(model, loss, x, target):
    """The loss of one batch, and its gradients in the model's trainable variables."""

    def of(x, target):
        with tf.GradientTape() as tape:
            value = loss(target, model(x, training=True))
        return value, tape.gradient(value, [variable.value for variable in model.trainable_variables])

    if not hasattr(model, "compiled_step"):
        model.compiled_step = tf.function(of)
    return model.compiled_step(tf.constant(x), tf.constant(target))
