"""What stands in the cells of a table of verdicts, in the terminal and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from ..suite.events import FAMILIES
from .result import Result

_NONE = "–"


def versions_of(result: Result) -> str:
    """Package and version, side by side."""
    return ", ".join(f"{package} {version}" for package, version in result.versions.items()) or _NONE


def arithmetic_of(result: Result) -> str:
    """What the implementation declares to compute in, where it is not a dtype's own arithmetic."""
    return "; ".join(f"{dtype}: {name}" for dtype, name in result.arithmetic.items()) or _NONE


def verdict_of(result: Result) -> str:
    """The verdict, and how many known divergences were seen; the same in another precision than the case's is said."""
    known = f" +{len(result.divergences)} known" if result.divergences else ""
    other = [f" in {name}" for dtype, name in result.arithmetic.items() if _precision(name) != _precision(dtype)]
    return result.verdict + "".join(dict.fromkeys(other)) + known


def _precision(arithmetic: str) -> str:
    return arithmetic.partition(",")[0]


def worst_of(result: Result, families: Sequence[str]) -> str:
    """The worst error of these families in units of its limit."""
    found = [result.families[family]["worst"] for family in families if family in result.families]
    return f"{max(found):.2g}" if found else _NONE


def shown_families(results: Sequence[Result]) -> list[str]:
    """The families in which something was compared, by any of them."""
    return [name for name in FAMILIES if any(name in result.families for result in results)]
