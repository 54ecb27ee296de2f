"""Keras on NumPy, for inference: it has no gradients."""

from __future__ import annotations

import numpy as np

from .inference import forget, sees_cuda, vector_jacobian_product

__all__ = ["PREAMBLE", "VERSION", "forget", "sees_cuda", "vector_jacobian_product"]

PREAMBLE = ""
VERSION = {"numpy": np.__version__}
