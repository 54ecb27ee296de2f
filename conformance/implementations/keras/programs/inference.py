"""What Keras's backends without gradients share."""

from __future__ import annotations

import keras


def sees_cuda():
    """None of them computes on a GPU of NVIDIA's."""
    return False


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and no gradients. ``form`` is always "eager"."""

    def pulled(arrays, dropout, cotangents):
        return call({name: keras.ops.convert_to_tensor(value) for name, value in arrays.items()}, dropout), {}, []

    return pulled


def forget():
    """Nothing is kept from earlier cases."""
