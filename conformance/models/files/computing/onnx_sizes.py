"""How many numbers an ONNX operator returns at most, from shapes alone: known before memory is taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ..model import Node

MOST_NUMBERS = 2**28
"""That a part may return."""
_Count = Callable[[Node, Sequence[Any]], float]


def numbers_after(node: Node, inputs: Sequence[Any]) -> float:
    """An upper bound; most operators return no more than their inputs have, each beside each."""
    return _COUNTS.get(node.operator, _broadcast)(node, inputs)


def growth(node: Node, inputs: Sequence[Any]) -> float:
    """How many more numbers it returns than went in, each input counted once."""
    distinct = {id(each): each for each in inputs if each is not None}
    return max(0.0, numbers_after(node, inputs) - sum(_numbers(each) for each in distinct.values()))


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)


def _numbers(value: Any) -> float:
    return math.prod(map(float, _shape(value)))


def _product(sizes: Any) -> float:
    return math.prod(abs(float(size)) for size in np.asarray(sizes).reshape(-1))


def _broadcast(node: Node, inputs: Sequence[Any]) -> float:
    """Of each axis, counted from the last, the greatest size: what operators return that join arrays, or move one."""
    return _joined(*(_shape(each) for each in inputs if each is not None))


def _joined(*shapes: Sequence[int]) -> float:
    axes = zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return math.prod(float(max(sizes)) for sizes in axes)


def _expand(node: Node, inputs: Sequence[Any]) -> float:
    return _joined(_shape(inputs[0]), [int(size) for size in np.asarray(inputs[1]).reshape(-1)])


def _gemm(node: Node, inputs: Sequence[Any]) -> float:
    turned_a, turned_b = (bool(node.attributes.get(name, 0)) for name in ("transA", "transB"))
    return float(_shape(inputs[0])[turned_a]) * float(_shape(inputs[1])[not turned_b])


def _gather(node: Node, inputs: Sequence[Any]) -> float:
    shape = _shape(inputs[0])
    return float(_numbers(inputs[0]) / max(1, shape[node.attributes.get("axis", 0)]) * _numbers(inputs[1]))


def _pad(node: Node, inputs: Sequence[Any]) -> float:
    pads = inputs[1] if len(inputs) > 1 and inputs[1] is not None else node.attributes.get("pads", ())
    widths, shape = np.abs(np.asarray(pads, np.float64).reshape(-1)), _shape(inputs[0])
    half = len(widths) // 2
    axes = inputs[3] if len(inputs) > 3 and inputs[3] is not None else range(half)
    sizes = [float(size) for size in shape]
    for k, axis in enumerate(np.asarray(axes).reshape(-1)):
        sizes[int(axis)] += widths[k] + widths[k + half]
    return float(math.prod(sizes))


def _convolution(node: Node, inputs: Sequence[Any]) -> float:
    x, kernel = _shape(inputs[0]), _shape(inputs[1])
    pads = [abs(float(each)) for each in node.attributes.get("pads", [0] * 2 * (len(x) - 2))]
    spatial = (size + pads[k] + pads[k + len(x) - 2] for k, size in enumerate(x[2:]))
    return float(x[0]) * float(kernel[0]) * math.prod(spatial)


def _range(node: Node, inputs: Sequence[Any]) -> float:
    start, limit, delta = (float(np.asarray(each).reshape(-1)[0]) for each in inputs)
    return abs((limit - start) / delta) + 1 if delta else math.inf


_COUNTS: Mapping[str, _Count] = {
    "Concat": lambda node, inputs: sum(map(_numbers, inputs)),
    "ConstantOfShape": lambda node, inputs: _product(inputs[0]),
    "Conv": _convolution,
    "Expand": _expand,
    "Gather": _gather,
    "Gemm": _gemm,
    "Pad": _pad,
    "Range": _range,
    "Tile": lambda node, inputs: _numbers(inputs[0]) * _product(inputs[1]),
}
