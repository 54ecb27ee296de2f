"""Keras on NumPy, for inference: it has no gradients."""

from __future__ import annotations

import keras
import numpy as np

PREAMBLE = ""
VERSION = {"numpy": np.__version__}


def sees_cuda():
    """NumPy computes on the CPU alone."""
    return False


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and no gradients. ``form`` is always "eager"."""

    def pulled(arrays, dropout, cotangents):
        return call({name: keras.ops.convert_to_tensor(value) for name, value in arrays.items()}, dropout), {}, []

    return pulled


def forget():
    """Nothing is kept from earlier cases."""
