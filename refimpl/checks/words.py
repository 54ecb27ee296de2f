"""What came, in the words of an error message: by type, length and shape, never by an array's digits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_SHOWN = 4  # of a list's elements, or a mapping's keys
_TOLD_BY_VALUE = (str, bytes, int, float, complex, np.generic, type, type(None))


def described(value: object) -> str:
    """Dtype and shape of an array, length and first elements of a list, the keys of a mapping; else type and value."""
    if isinstance(value, np.ma.MaskedArray):
        return f"a masked array of {value.dtype} of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    kind = type(value).__name__
    if isinstance(value, list | tuple):
        if len(value) <= _SHOWN and all(isinstance(part, bool | int | float | str) for part in value):
            return f"{kind} {value!r:.60}"
        parts = [_described_part(part) for part in value[:_SHOWN]] + ["…"] * (len(value) > _SHOWN)
        return f"{kind} of {len(value)} ({', '.join(parts)})"
    if isinstance(value, Mapping):
        keys = [f"{key!r:.40}" for key, _ in zip(value, range(_SHOWN), strict=False)] + ["…"] * (len(value) > _SHOWN)
        return f"{kind} of {len(value)} ({', '.join(keys)})"
    if not isinstance(value, _TOLD_BY_VALUE):
        return f"an object of type {kind}"
    try:
        return f"{kind} {value!r:.60}"
    except ValueError:  # an integer of more digits than Python writes
        return f"{kind} of very many digits"


def described_tuple(value: object) -> str:
    """`described`, for what should have been a tuple: its length alone."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return described(value)


def _described_part(part: object) -> str:
    return type(part).__name__ if isinstance(part, list | tuple | Mapping) else described(part)
