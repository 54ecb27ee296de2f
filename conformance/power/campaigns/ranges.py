"""Work that is numbered, cut into ranges; and numbers that JSON can hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from math import copysign, isfinite
from typing import Any

from ...implementations.finding import packages_of
from ...running.campaigns.chunks import Chunk, Found

COUNT = {"type": "integer", "minimum": 0}


def cut(work: Callable[..., Found], total: int, size: int, **shared: Any) -> Iterator[Chunk]:
    """Chunks of the numbers below ``total``, ``size`` at a time, with these parameters in common."""
    for first in range(0, total, size):
        count = min(size, total - first)
        yield Chunk(work, {**shared, "first": first, "count": count}, count)


def dependencies(implementation: str) -> tuple[tuple[str, ...], str]:
    """The packages that an implementation's answers depend on, as they are imported; and the file that it is in."""
    where = implementation.rpartition(":")[0]
    if where.endswith(".py"):
        return (), where
    return tuple(sorted({name.partition(".")[0] for name in packages_of(implementation)} - {"conformance"})), ""


def finite(number: float) -> float:
    """The number, or the greatest that there is in place of infinity, as which a wrong shape counts."""
    return float(number) if isfinite(number) else copysign(sys.float_info.max, number)
