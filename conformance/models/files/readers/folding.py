"""What follows from constants alone, whichever format says so, within the memory that its file may take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....contract import Array
from ..computing import onnx_sizes
from ..computing.interpreting import Unknown, computed
from ..limits import Budget
from ..model import Node

_DEPENDS_ON_SIZE = ("Shape", "Size")
_ITEM = 8  # bytes: floats are computed in float64
_ENDLESS = 2**62


def folded(node: Node, constants: dict[str, Array], format_: str, budget: Budget) -> bool:
    """Computes what follows from constants alone, and says whether it did; `CannotRead` where that takes too much."""
    if node.recurrent is not None or node.unknown or any(name and name not in constants for name in node.inputs):
        return False
    if node.operator in _DEPENDS_ON_SIZE and not node.inputs:
        return False
    inputs = [constants[name] if name else None for name in node.inputs]
    if format_ == "onnx":
        budget.take(node.name, (_growth(node, inputs),), _ITEM)
    try:
        found = computed(node, format_, inputs)
    except Unknown:
        return False
    for name, value in zip(node.outputs, found, strict=False):
        constants[name] = np.asarray(value)
    return True


def _growth(node: Node, inputs: Sequence[Any]) -> int:
    """How many more numbers it makes than it gets; 0 where these do not fit it, which is told when it is computed."""
    try:
        return int(min(onnx_sizes.growth(node, inputs), _ENDLESS))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        return 0
