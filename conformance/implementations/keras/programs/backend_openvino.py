"""Keras on OpenVINO, for inference: it has no gradients."""

from __future__ import annotations

import keras
import openvino

PREAMBLE = ""
VERSION = {"openvino": openvino.__version__.split("-")[0]}


def arithmetic():
    """What `predict` computes in: it leaves that to OpenVINO, which takes bfloat16 where the CPU has units for it."""
    units = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {"float32, form=predict": "bfloat16"} if "BF16" in units else {}


def sees_cuda():
    """OpenVINO computes on no GPU of NVIDIA's."""
    return False


def vector_jacobian_product(call, variables, form):
    """A function that gives the results of ``call``, and no gradients. ``form`` is always "eager"."""

    def pulled(arrays, dropout, cotangents):
        return call({name: keras.ops.convert_to_tensor(value) for name, value in arrays.items()}, dropout), {}, []

    return pulled


def forget():
    """Nothing is kept from earlier cases."""
