"""What a run consists of, so that it can be announced before it starts and shared out evenly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..session import Session
from ..strategies import entries_for

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "SimpleRNN": ("SimpleRNN", {}),
    "LSTM": ("LSTM", {}),
    "GRU-reset-after": ("GRU", {"reset_after": True}),
    "GRU-reset-before": ("GRU", {"reset_after": False}),
}
DTYPES = ("float64", "float32")
LAWS = ("batch", "time", "zero", "linear")


def entries(session: Session, kind: str) -> list[Mapping[str, Any]]:
    """The implementation's cells of that kind."""
    return entries_for(session.implementation.cells, *KINDS[kind])


def _shares(session: Session) -> int:
    """How many pairs of a kind and a dtype the implementation has."""
    return sum(bool(entries(session, kind)) for kind in KINDS) * len(session.implementation.dtypes)


def examples(session: Session) -> int:
    """How many cases each kind and dtype gets, so that together they are the profile's number."""
    return -(-session.profile.cases // max(_shares(session), 1))


def planned_cases(session: Session) -> int:
    """How many cases a run judges when nothing fails, without the fixtures."""
    return examples(session) * _shares(session) + session.profile.laws * len(LAWS)
