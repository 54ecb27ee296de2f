"""Failures in kinds: those that say the same are one, with the shortest of their messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_QUANTITY = re.compile(r"^\s+([a-z_]+)[\w.]*(?:\[[\d, ]*\])?: expected ", flags=re.MULTILINE)
_RAISED = re.compile(r"^\s+(raised .*|known divergence .*|nothing was compared.*)", flags=re.MULTILINE)


@dataclass(frozen=True)
class Kind:
    """Failures that say the same: what, in which tests, and the shortest of their messages, which is the first's."""

    what: str
    tests: tuple[str, ...]
    message: str


def kinds_of(failures: Mapping[str, str]) -> list[Kind]:
    """The failures by what they say, those with most tests first."""
    found: dict[str, list[str]] = {}
    for test, message in failures.items():
        found.setdefault(said_by(message), []).append(test)
    ordered = {what: sorted(tests, key=lambda test: len(failures[test])) for what, tests in found.items()}
    kinds = [Kind(what, tuple(tests), failures[tests[0]]) for what, tests in ordered.items()]
    return sorted(kinds, key=lambda kind: -len(kind.tests))


def said_by(message: str) -> str:
    """What a message says without its numbers: the exception, or which quantities are off."""
    if raised := _RAISED.search(message):
        return re.sub(r"\d+", "#", raised[1])[:200]
    if quantities := sorted(set(_QUANTITY.findall(message))):
        return f"{', '.join(quantities)} off"
    return re.sub(r"\d+", "#", message.partition("\n")[0])[:200]
