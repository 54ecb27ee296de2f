"""Keras on OpenVINO, for inference: it has no gradients."""

from __future__ import annotations

import openvino

from .inference import forget, sees_cuda, vector_jacobian_product

__all__ = ["PREAMBLE", "VERSION", "arithmetic", "forget", "sees_cuda", "vector_jacobian_product"]

PREAMBLE = ""
VERSION = {"openvino": openvino.__version__.split("-")[0]}


def arithmetic():
    """What `predict` computes in: it leaves that to OpenVINO, which takes bfloat16 where the CPU has units for it."""
    units = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {"float32, form=predict": "bfloat16"} if "BF16" in units else {}
