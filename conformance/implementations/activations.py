"""What a framework's folder offers as ``activations``: its activation functions one by one, to be measured.

`conformance.truth.activation_accuracy` compares them with ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..contract import Array

Evaluated = tuple[Array, Array | None]
"""Values and slopes in float64; None for slopes that the framework does not give."""

Evaluate = Callable[[str, Array], Evaluated | None]
"""From a dtype's name and float64 numbers that this dtype holds; None where the framework does not compute in it."""


class Activations(Protocol):
    """A framework's activations.

    version   what is measured, as in ``keras 3.15.1 on torch 2.13.0``
    """

    @property
    def version(self) -> str: ...

    def evaluator(self, name: str, numbers: Sequence[float]) -> Evaluate | None:
        """The activation of that name in `refimpl.activations`, with these parameters; None where there is none."""
