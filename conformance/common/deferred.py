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


class Chosen(Mapping[str, Any]):
    """Of two mappings with the same names the second, for the names that it is taken for; the other is not asked."""

    def __init__(self, first: Mapping[str, Any], second: Mapping[str, Any], takes: Callable[[str], bool]) -> None:
        self._first, self._second, self._takes = first, second, takes

    def __getitem__(self, name: str) -> Any:
        return (self._second if self._takes(name) else self._first)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)
