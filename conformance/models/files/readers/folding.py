"""What follows from constants alone, whichever format says so."""

from __future__ import annotations

import numpy as np

from ....contract import Array
from ..computing.interpreting import Unknown, computed
from ..model import Node

_DEPENDS_ON_SIZE = ("Shape", "Size")


def folded(node: Node, constants: dict[str, Array], format_: str) -> bool:
    """Computes what follows from constants alone, and says whether it did."""
    if node.recurrent is not None or node.unknown or any(name and name not in constants for name in node.inputs):
        return False
    if node.operator in _DEPENDS_ON_SIZE and not node.inputs:
        return False
    try:
        found = computed(node, format_, [constants[name] if name else None for name in node.inputs])
    except Unknown:
        return False
    for name, value in zip(node.outputs, found, strict=False):
        constants[name] = np.asarray(value)
    return True
