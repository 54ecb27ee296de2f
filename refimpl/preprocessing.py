"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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

    ``maxlen=0`` gives no columns; Keras, whose ``s[-0:]`` is all of ``s``, raises there when truncating "pre".
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if not isinstance(side, str) or side not in SIDES:
            raise InvalidArgument(name, expected="'pre' or 'post'", got=repr(side))
    try:
        lengths = [len(sequence) for sequence in sequences]
    except TypeError as error:
        raise InvalidArgument("sequences", expected="a sequence of sequences", got=str(error)) from None
    if maxlen is None:
        maxlen = max(lengths, default=0)
    if isinstance(maxlen, bool) or not isinstance(maxlen, int | np.integer) or maxlen < 0:
        raise InvalidArgument("maxlen", expected="an integer, 0 or more, or None", got=repr(maxlen))
    padded = np.full((len(sequences), maxlen), value, dtype)
    for row, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        kept = min(length, maxlen)
        part = sequence[length - kept :] if truncating == "pre" else sequence[:kept]
        try:
            padded[row, slice(maxlen - kept, None) if padding == "pre" else slice(kept)] = part
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"sequences[{row}]", expected="numbers", got=str(error)) from None
    return padded
