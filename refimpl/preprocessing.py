"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
from .errors import InvalidArgument

SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Sequence[Any]],
    maxlen: int | None = None,
    dtype: Any = np.int32,
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0,
) -> Array:
    """``(len(sequences), maxlen)``, as ``keras.utils.pad_sequences`` gives it.

    sequences    a sequence of sequences of numbers
    maxlen       the length of all; None: that of the longest
    padding      where ``value`` fills up what is shorter: "pre" before it, "post" after it
    truncating   where what is longer is cut: "pre" its beginning, "post" its end

    Raises `InvalidArgument` for what are no sequences of finite real numbers, and for numbers that the dtype does not
    hold: an integer beyond its range, a fraction among integers (Keras wraps the one and cuts the other).

    ``maxlen=0`` gives no columns; Keras, whose ``s[-0:]`` is all of ``s``, raises there when truncating "pre".
    """
    padding, truncating = (checks.one_of(*side, SIDES) for side in (("padding", padding), ("truncating", truncating)))
    kind = _dtype(dtype)
    if isinstance(sequences, str | bytes | Mapping) or not hasattr(sequences, "__len__"):
        raise InvalidArgument("sequences", expected="a sequence of sequences", got=checks.described(sequences))
    checks.fits_in_memory("sequences", (len(sequences),))
    rows = [_row(row, sequence, kind) for row, sequence in enumerate(sequences)]
    if maxlen is None:
        maxlen = max(map(len, rows), default=0)
    maxlen = checks.count("maxlen", maxlen, expected="an integer, 0 or more, or None")
    checks.fits_in_memory("maxlen", (len(rows), maxlen))
    filling = _held("value", checks.real_numbers("value", value, ()), kind)
    padded = np.full((len(rows), maxlen), filling, kind)
    for found, row in zip(padded, rows, strict=True):
        kept = min(len(row), maxlen)
        part = row[len(row) - kept :] if truncating == "pre" else row[:kept]
        found[slice(maxlen - kept, None) if padding == "pre" else slice(kept)] = part
    return padded


def _row(row: int, sequence: Any, kind: np.dtype[Any]) -> Array:
    """One sequence as the numbers that the dtype holds."""
    name = f"sequences[{row}]"
    found = checks.real_numbers(name, sequence)
    if found.ndim != 1:
        raise InvalidArgument(name, expected="a sequence of numbers", got=checks.described(found))
    return _held(name, found, kind)


def _dtype(value: Any) -> np.dtype[Any]:
    """A dtype of real numbers."""
    try:
        found: np.dtype[Any] | None = None if value is None else np.dtype(value)
    except Exception:  # NumPy raises five kinds of them
        found = None
    if found is None or found.kind not in "iuf":
        raise InvalidArgument("dtype", expected="a dtype of real numbers", got=checks.described(value))
    return found


def _held(name: str, found: Array, kind: np.dtype[Any]) -> Array:
    """The numbers in that dtype; `InvalidArgument` for those that it would wrap, cut or lose."""
    if found.dtype == object:  # integers that no dtype holds
        raise InvalidArgument(name, expected=f"numbers that {kind} holds", got=checks.described(found))
    with np.errstate(all="ignore"):
        held = found.astype(kind)
    same = held == found if kind.kind in "iu" else np.isfinite(held)
    if not np.all(same):
        raise InvalidArgument(name, expected=f"numbers that {kind} holds", got=checks.described(found))
    return held
