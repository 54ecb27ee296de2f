"""How one array may have been made of another: axes exchanged, order reversed, halves exchanged, and the like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from ....contract import Array

NEAR = 2.0**-16
"""Of the greatest number: more than folding two biases into one of float32 moves, and less than any fault."""
_MOST_OUTPUTS = 5


def near(one: Array, other: Array) -> bool:
    """Whether two arrays that were computed in float64 are the same but for how their weights were stored."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    if one.dtype.kind != "f" or other.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    scale = float(np.abs(one).max(initial=0.0))
    return bool(np.abs(one - other).max(initial=0.0) <= NEAR * scale)


def explained(one: Array, other: Array) -> str:
    """The change, in words, that makes the first array the second; empty where none does."""
    for words, changed in _changes(np.asarray(one)):
        if near(changed, other):
            return words
    return _factor(one, other)


def explained_together(ones: Sequence[Array], others: Sequence[Array]) -> str:
    """The same for several arrays: their order, or one change of each."""
    if len(ones) <= _MOST_OUTPUTS:
        for order in permutations(range(len(ones))):
            if all(near(ones[k], its) for k, its in zip(order, others, strict=True)):
                return f"they come in the order {', '.join(map(str, order))}"
    found = []
    for k, (one, other) in enumerate(zip(ones, others, strict=True)):
        if not near(one, other):
            words = explained(one, other)
            if not words:
                return ""
            found.append(f"{words} in output {k}" if len(ones) > 1 else words)
    return "; ".join(dict.fromkeys(found))


def _changes(x: Array) -> Iterator[tuple[str, Array]]:
    if x.ndim > 1:
        yield "time and batch are exchanged", x.swapaxes(0, 1)
        yield "the steps come in reverse order", x[:, ::-1]
        yield "the first axis comes in reverse order", x[::-1]
        yield "the features come in reverse order", x[..., ::-1]
        half = x.shape[-1] // 2
        if 2 * half == x.shape[-1]:
            yield "the halves of the features are exchanged", np.concatenate([x[..., half:], x[..., :half]], axis=-1)
    if x.ndim > 2:
        yield "only the last step is returned", x[:, -1]
        yield "only the first step is returned", x[:, 0]
        late = np.zeros_like(x)
        late[:, 1:] = x[:, :-1]
        yield "everything comes one step late", late
    if x.dtype.kind == "f":
        yield "everything is rounded to float16", x.astype(np.float16).astype(np.float64)
        with np.errstate(all="ignore"):
            yield "the sign is turned", -x
            shifted = np.exp(x - x.max(axis=-1, keepdims=True)) if x.size else x
            yield "softmax is applied once more", shifted / shifted.sum(axis=-1, keepdims=True)
            yield "the logarithm is returned", np.log(x)


def _factor(one: Array, other: Array) -> str:
    """A constant that everything is multiplied by."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype.kind != "f" or not one.size:
        return ""
    square = float(np.vdot(one, one))
    factor = float(np.vdot(one, other)) / square if square else 0.0
    return f"everything is multiplied by {factor:.6g}" if factor and near(factor * one, other) else ""
