"""Numbers, flags, words, dtypes and generators: each comes out as Python's own, so that float32 stays float32."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from ..errors import InvalidArgument
from .arrays import MOST_NUMBERS
from .words import described


def size(name: str, value: Any) -> int:
    """The size of an axis: a positive integer, no more than any array has."""
    found = count(name, value, least=1, expected="a positive integer")
    if found > MOST_NUMBERS:
        raise InvalidArgument(name, expected=f"a positive integer, at most {MOST_NUMBERS}", got=described(value))
    return found


def count(name: str, value: Any, *, least: int = 0, expected: str = "") -> int:
    """An integer, Python's or NumPy's, and no bool; ``least`` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidArgument(name, expected=expected or f"an integer, {least} or more", got=described(value))
    return int(value)


def number(
    name: str, value: Any, *, least: float = -math.inf, most: float = math.inf, expected: str = "a finite number"
) -> float:
    """A finite real number, Python's or NumPy's, and no bool, from ``least`` to ``most``."""
    found = math.nan
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:  # an integer beyond all floats
            found = math.inf
    if not math.isfinite(found) or not least <= found <= most:
        raise InvalidArgument(name, expected=expected, got=described(value))
    return found


def positive(name: str, value: Any) -> float:
    """A finite number above 0."""
    return number(name, value, least=math.ulp(0.0), expected="a positive finite number")


def flag(name: str, value: Any) -> bool:
    """True or False, Python's or NumPy's."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidArgument(name, expected="True or False", got=described(value))
    return bool(value)


def one_of(name: str, value: Any, allowed: Collection[str]) -> str:
    """One of the words allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidArgument(name, expected=" or ".join(map(repr, allowed)), got=described(value))
    return str(value)


def text(name: str, value: Any) -> str:
    """Any string."""
    if not isinstance(value, str):
        raise InvalidArgument(name, expected="a string", got=described(value))
    return str(value)


def dtype(name: str, value: Any) -> np.dtype[Any]:
    """float64 or float32, as a dtype, a type or a name."""
    try:
        found: np.dtype[Any] | None = None if value is None else np.dtype(value)
    except Exception:  # NumPy raises five kinds of them
        found = None
    if found is None or found not in (np.dtype(np.float64), np.dtype(np.float32)):  # None equals float64 to NumPy
        got = repr(value) if isinstance(value, type | np.dtype) else described(value)
        raise InvalidArgument(name, expected="float64 or float32", got=got)
    return found


def generator(name: str, value: Any) -> np.random.Generator:
    """A generator of random numbers."""
    if not isinstance(value, np.random.Generator):
        raise InvalidArgument(name, expected="a numpy.random.Generator", got=described(value))
    return value
