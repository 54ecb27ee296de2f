"""What of a step is linear in what goes in: the sums that gates are made of, and their weights by probing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .....contract import Array
from ...model import Node
from .loop import Loop, step

MOVES = (
    *("Identity", "Split", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Cast", "Concat", "Flatten"),
    *("Dropout", "StridedSlice", "SplitV", "Pack", "Unpack"),
)
_SUMS = ("Add", "Sub", "Sum", "Neg")
PRODUCTS = ("MatMul", "Gemm", "FullyConnected")
_NOTHING = 1e-12
"""Of the greatest weight: what probing leaves of a weight that is zero."""


@dataclass(frozen=True)
class Sum:
    """``x W + Σ state U + b``, of as many units as a state has: by state, ``(size, units)``."""

    kernel: Array
    recurrent: Mapping[str, Array]
    bias: Array

    @property
    def of_input(self) -> bool:
        """Whether the input has a part in it."""
        return bool(np.any(self.kernel))

    def of_states(self) -> list[str]:
        """The states that have a part in it."""
        return [name for name, value in self.recurrent.items() if np.any(value)]


def width(loop: Loop, name: str) -> int:
    """How many numbers a row of a value has, by the matrix that it is multiplied with; 0 where it meets none."""
    same = {name}
    for node in loop.nodes:
        if node.operator in PRODUCTS and node.inputs[0] in same and node.inputs[1] in loop.constants:
            matrix = loop.constants[node.inputs[1]]
            turned = node.operator == "FullyConnected" or node.attributes.get("transB", 0)
            return int(matrix.shape[1 if turned else 0]) if matrix.ndim == 2 else 0
        if node.operator in MOVES and node.operator not in ("Split", "Slice", "Concat") and node.inputs[0] in same:
            same |= set(node.outputs)
    return 0


def frontier(loop: Loop, source: Sequence[str]) -> list[str]:
    """The linear values that something which is not linear is made of, in order."""
    depends = dict.fromkeys(source, True)
    linear = dict.fromkeys(source, True)
    found: dict[str, None] = {}
    for node in loop.nodes:
        moving = [name for name in node.inputs if depends.get(name)]
        if not moving:
            continue
        is_linear = _is_linear(node, moving) and all(linear[name] for name in moving)
        for name in node.outputs:
            depends[name], linear[name] = True, is_linear
        if not is_linear:
            found |= dict.fromkeys(name for name in moving if linear[name])
    found |= dict.fromkeys(each.made for each in loop.carried if linear.get(each.made))
    return list(found)


def _is_linear(node: Node, moving: Sequence[str]) -> bool:
    if node.operator in MOVES or node.operator in _SUMS:
        return True
    if node.operator == "Div":
        return len(moving) == 1 and node.inputs[0] == moving[0]
    if node.operator in PRODUCTS:  # what Gemm adds to its product may be another sum
        return sum(name in moving for name in node.inputs[:2]) <= 1
    return node.operator == "Mul" and len(moving) == 1


def sums(loop: Loop, names: Sequence[str], x: str, sizes: Mapping[str, int], given: Mapping[str, Array]) -> list[Sum]:
    """The sums that these values hold, cut into pieces of as many units as a state has; each once.

    ``sizes`` has x and the states; ``given`` what else a step gets, of one row.
    """
    states = [name for name in sizes if name != x]
    units = sizes[states[0]]
    rows = 1 + sum(sizes.values())
    probes = {name: np.zeros((rows, size)) for name, size in sizes.items()}
    at, begins = 1, {}
    for name, size in sizes.items():
        probes[name][at : at + size] = np.eye(size)
        begins[name], at = at, at + size
    values = step(loop, {**probes, **{name: np.repeat(value, rows, axis=0) for name, value in given.items()}})
    found: list[Sum] = []
    for name in names:
        value = values.get(name)
        if value is None or value.ndim != 2 or value.shape[0] != rows or value.shape[1] % units:
            continue
        for k in range(value.shape[1] // units):
            piece = value[:, k * units : (k + 1) * units]
            slopes = {n: _cleaned(piece[begins[n] : begins[n] + sizes[n]] - piece[0]) for n in sizes}
            each = Sum(slopes[x], {n: slopes[n] for n in states}, piece[0])
            if not any(_same(each, other) for other in found):
                found.append(each)
    return found


def _cleaned(slopes: Array) -> Array:
    least = _NOTHING * float(np.abs(slopes).max(initial=0.0))
    return np.where(np.abs(slopes) <= least, 0.0, slopes)


def _same(one: Sum, other: Sum) -> bool:
    return bool(
        np.array_equal(one.kernel, other.kernel)
        and np.array_equal(one.bias, other.bias)
        and all(np.array_equal(one.recurrent[name], other.recurrent[name]) for name in one.recurrent)
    )
