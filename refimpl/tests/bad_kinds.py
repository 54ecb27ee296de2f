"""A bad value, what must come of it, and what a function may allow of an argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REFUSE, SIZE, SAME, FINE = "refuse", "size", "same", "fine"
HUGE = 10**12
"""More numbers than any memory holds."""


@dataclass(frozen=True)
class Bad:
    """A value of the grammar: the name of its kind, the value, the verdict."""

    kind: str
    value: Any
    verdict: str


@dataclass(frozen=True)
class Freedom:
    """What a function allows of one of its arguments, beyond the grammar's rules.

    axes     of an array: those whose size is free while all else stays
    ranks    of an array: any rank will do
    nan      of an array or number: NaN and infinity are moved about like any other number
    endless  of a count: as many as asked for are made, so a huge one takes for ever
    any      whatever is refused elsewhere may be right here, such as any name, or any dtype
    keys     of a mapping: further keys are left alone
    fewer    of a sequence or mapping: some of it will do
    names    of a mapping: any names will do
    none     None stands for something, in its place or inside it
    """

    axes: tuple[int, ...] = ()
    ranks: bool = False
    nan: bool = False
    endless: bool = False
    any: bool = False
    keys: bool = False
    fewer: bool = False
    names: bool = False
    none: bool = False


def each(kind: str, verdict: str, *values: Any) -> Iterator[Bad]:
    return (Bad(kind, value, verdict) for value in values)
