"""Clipping of gradients by their norm.

Source: keras/src/optimizers/base_optimizer.py, Keras 3.15; torch/nn/utils/clip_grad.py, PyTorch 2.13.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import checks
from .arrays import Array
from .elementary import clipped, sqrt, sum_of_all
from .initializers import MANNERS
from .linear import total
from .parameters import Parameters

PYTORCH_CLIP_EPSILON = 1e-6
"""What ``torch.nn.utils.clip_grad_norm_`` adds to the norm before it divides by it."""


@dataclass(frozen=True)
class Clip:
    """Gradients scaled down so that their Euclidean norm is at most ``norm``.

    per      "all": the norm of all gradients together (Keras's ``global_clipnorm``, PyTorch's ``clip_grad_norm_``);
             "parameter": of each by itself (Keras's ``clipnorm``)
    manner   "keras": the factor is ``norm / max(found, norm)``; "pytorch": ``min(norm / (found + 1e-6), 1)``

    Raises `InvalidArgument` for a norm that is not positive and finite, and for another ``per`` or manner.
    """

    norm: float
    per: str = "all"
    manner: str = "keras"

    def __post_init__(self) -> None:
        checks.fields(self, norm=checks.positive, per=checks.word("all", "parameter"), manner=checks.word(*MANNERS))

    def __call__(self, gradients: Parameters) -> Parameters:
        """The gradients, each times its factor; `InvalidArgument` for what are no finite arrays by name."""
        gradients = checks.named_floats("gradients", gradients)
        squares = {name: sum_of_all(g * g) for name, g in gradients.items()}
        if self.per == "parameter":
            return {name: g * self._factor(sqrt(squares[name])) for name, g in gradients.items()}
        if not squares:
            return {}
        factor = self._factor(sqrt(total(*squares.values())))
        return {name: g * factor for name, g in gradients.items()}

    def _factor(self, found: Array) -> Array:
        if self.manner == "keras":
            return self.norm * (1 / clipped(found, self.norm, math.inf))
        return clipped(self.norm / (found + PYTORCH_CLIP_EPSILON), 0.0, 1.0)
