"""What the valid calls share: cells, numbers, and what a function may allow of an argument."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ... import GRU, LSTM, Layer, SimpleRNN, Stack
from ..bad_kinds import Freedom
from ..judged_calls import Call
from ..support import example

STEPS = Freedom(axes=(1,))
LEADING = Freedom(axes=(0, 1), ranks=True, nan=True)
NONE = Freedom(none=True)
FEWER = Freedom(fewer=True)
ANY = Freedom(any=True)
NAN = Freedom(nan=True)
ANY_NAMES = Freedom(axes=(0, 1), ranks=True, names=True)

FOUR = np.array([[0.125, 0.5, 0.25, 0.125], [0.25, 0.25, 0.125, 0.375], [0.625, 0.125, 0.125, 0.125]])
"""Probabilities of four classes, three rows."""
ONE_HOT = np.eye(4)[[1, 3, 0]]
CLASSES = np.array([1, 3, 0])

Calls = dict[str, list[Call]]
RNG = np.random.default_rng(0)
CELL, GATED, ELMAN = LSTM(2, 3, use_recurrent_bias=True), GRU(2, 3), SimpleRNN(2, 3, use_recurrent_bias=True)
FULL = LSTM(2, 5, proj_size=3, peepholes=True, clip=0.75, forget_bias=0.5, output_activation="sigmoid")
BOTH = Stack((Layer(GRU(2, 3), GRU(2, 3)),))
STACK = Stack((Layer(LSTM(2, 3)), Layer(GRU(3, 3), SimpleRNN(3, 3), "sum")))


def numbers(*shape: int, dtype: Any = np.float64) -> Any:
    """Distinct multiples of 1/64, about 0."""
    count = int(np.prod(shape))
    return ((np.random.default_rng(count).permutation(count) - count // 2 + 0.5) / 64).reshape(shape).astype(dtype)


def named(shapes: Any, dtype: Any = np.float64) -> dict[str, Any]:
    return {name: numbers(*shape, dtype=dtype) for name, shape in shapes.items()}


def of(function: Any, **arguments: Any) -> Call:
    return Call(function, arguments)


@cache
def example_of(cell: Any, dtype: Any = np.float64) -> Any:
    return example(cell, 0, batch=4, time=5, dtype=dtype)
