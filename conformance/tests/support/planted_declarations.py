"""Implementations without a fault that declare what is not so, or what makes no sense."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.tests.support.planted_faults import Sound


class Coarse(Sound):
    """Computes in float32 and says that it is bfloat16."""

    name = "coarse"
    dtypes: Sequence[str] = ("float32",)
    arithmetic: Mapping[str, str] = {"float32": "bfloat16"}


class Misspelt(Sound):
    """Names an option that nobody knows."""

    cells: Any = ({"kind": "GRU", "lenghts": ("none", "sorted")},)


class WrongValue(Sound):
    """Names a value that nobody knows."""

    cells: Any = ({"kind": "GRU", "direction": ("forward", "backwards")},)


class Endless(Sound):
    """Has entries without end."""

    @property
    def cells(self) -> Iterator[Mapping[str, Any]]:  # type: ignore[override]
        return ({"kind": "GRU"} for _ in itertools.count())


class Nothing(Sound):
    """Has no entry."""

    cells: Any = ()
