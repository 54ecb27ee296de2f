"""A run in five lines: who agrees, what was compared, what is known, what was not run, and where the rest is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .result import Result

_LAST = ("not run", "agrees")  # verdicts that come after those that are news
_NAMED = 3  # of what is counted; the others are only counted


def summary_lines(results: Sequence[Result], absent: Mapping[str, str]) -> list[str]:
    """The five lines."""
    return [_verdicts(results), _compared(results), _known(results), _not_run(results, absent), _elsewhere(results)]


def _verdicts(results: Sequence[Result]) -> str:
    names: dict[str, list[str]] = {}
    for result in results:
        names.setdefault(result.verdict, []).append(result.name)
    order = sorted(names, key=lambda word: _LAST.index(word) if word in _LAST else -1)
    return "verdict: " + ("; ".join(f"{len(names[word])} {word} ({named(names[word])})" for word in order) or "none")


def _compared(results: Sequence[Result]) -> str:
    cases, numbers = sum(result.cases for result in results), sum(result.numbers for result in results)
    found = [(its["worst"], family, result.name) for result in results for family, its in result.families.items()]
    if not found:
        return "compared: nothing"
    worst, family, name = max(found)
    devices = ", ".join(dict.fromkeys(result.device for result in results))
    farthest = f"worst {worst:.2g} of its limit ({name}, {family})"
    return f"compared: {cases:,} cases, {numbers:,} numbers on {devices}; {farthest}"


def _known(results: Sequence[Result]) -> str:
    seen = Counter(identifier for result in results for identifier in result.divergences)
    return f"known divergences: {len(seen)} seen, each as described" if seen else "known divergences: none seen"


def _not_run(results: Sequence[Result], absent: Mapping[str, str]) -> str:
    whole = [*absent, *(result.name for result in results if result.verdict == "not run")]
    parts = len({(result.name, why) for result in results for why in result.not_run.values()})
    undecided = sum(its["undecided"] for result in results for its in result.families.values())
    told = [f"{named(whole)}"] if whole else []
    told += [f"parts of others, for {parts} reasons"] if parts else []
    told += [f"{undecided:,.0f} numbers without a limit"] if undecided else []
    return f"not run: {'; '.join(told) or 'nothing'}"


def _elsewhere(results: Sequence[Result]) -> str:
    if any(result.failures for result in results):
        return "more: --verbose prints every failure with its script, --json FILE keeps them; below is one of each kind"
    return "more: --verbose lists options tried, what was not run and why; --json FILE keeps everything"


def named(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
