"""Arrays by name that are computed when the first of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any


class Deferred(Mapping[str, Any]):
    """A mapping whose names are known and whose arrays cost much.

    compute   gives them all, at least those of the names
    """

    def __init__(self, names: Iterable[str], compute: Callable[[], Mapping[str, Any]]) -> None:
        self._names = tuple(names)
        self._compute = compute

    @cached_property
    def _computed(self) -> Mapping[str, Any]:
        return self._compute()

    def __getitem__(self, name: str) -> Any:
        return self._computed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
