"""ONNX's Conv: every window as a row, times the kernels as columns.

Source: onnx/defs/nn, ONNX 1.23.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from refimpl.rounded import Rounded

from ....contract import Array
from ..model import Node


def convolution(node: Node, inputs: Sequence[Any]) -> Any:
    """``(batch, channels, length…)``, of any number of axes, with groups, strides, dilations and pads."""
    x, kernels = _value(inputs[0]), _value(inputs[1])
    rank, groups = kernels.ndim - 2, int(node.attributes.get("group", 1))
    if node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NotImplementedError(f"Conv with auto_pad {node.attributes['auto_pad']}")
    strides, dilations = (
        [int(n) for n in node.attributes.get(name) or [1] * rank] for name in ("strides", "dilations")
    )
    pads = [int(n) for n in node.attributes.get("pads") or [0] * 2 * rank]
    x = np.pad(x, [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)])
    size, count = kernels.shape[1], kernels.shape[0] // groups
    parts = []
    places: tuple[int, ...] = ()
    for group in range(groups):
        rows, places = _windows(x[:, group * size : (group + 1) * size], kernels.shape[2:], strides, dilations)
        columns = kernels[group * count : (group + 1) * count].reshape(count, -1).T
        parts.append(_product(inputs[0], rows, columns))
    y = parts[0] if groups == 1 else _beside(parts)
    y = y if len(inputs) < 3 or inputs[2] is None else y + inputs[2]
    return y.reshape(x.shape[0], -1, kernels.shape[0]).swapaxes(1, 2).reshape(x.shape[0], kernels.shape[0], *places)


def _value(array: Any) -> Array:
    """The numbers alone: what goes into a part that is judged is given, without an error of its own."""
    return np.asarray(array.value if isinstance(array, Rounded) else array)


def _product(like: Any, rows: Array, columns: Array) -> Any:
    return (Rounded.given(like.precision, rows) if isinstance(like, Rounded) else rows) @ columns


def _beside(parts: Sequence[Any]) -> Any:
    from refimpl.linear import concatenate

    return concatenate(*parts)


def _windows(x: Array, sizes: Sequence[int], strides: list[int], dilations: list[int]) -> tuple[Array, tuple[int, ...]]:
    """Every window of ``(batch, channels, length…)`` as a row, and how many there are along each axis."""
    spans = [dilation * (size - 1) + 1 for size, dilation in zip(sizes, dilations, strict=True)]
    rank = len(spans)
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(2, 2 + rank)))
    step = tuple(slice(None, None, stride) for stride in strides)
    within = tuple(slice(None, None, dilation) for dilation in dilations)
    view = view[(slice(None), slice(None), *step, *within)]
    places = view.shape[2 : 2 + rank]
    order = (0, *range(2, 2 + rank), 1, *range(2 + rank, 2 + 2 * rank))
    return view.transpose(order).reshape(x.shape[0] * int(np.prod(places)), -1), places
