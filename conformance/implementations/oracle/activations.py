"""The oracle's activations, computed by NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refimpl.activations import named

from ...contract import Array
from ..activations import Evaluate, Evaluated


class NumPyActivations:
    """`refimpl.activations` in float64 and float32."""

    version = f"numpy {np.__version__}"

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate:
        """Values and derivative of the activation."""
        f = named(f"{name}({','.join(map(repr, numbers))})" if numbers else name)

        def evaluate(dtype: str, x: Array) -> Evaluated | None:
            if dtype not in ("float64", "float32"):
                return None
            typed = x.astype(dtype)
            y = f(typed)
            return y.astype(np.float64), f.derivative(y, typed).astype(np.float64)

        return evaluate
