"""What a run consists of, so that it can be announced before it starts and shared out evenly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cases.strategies import has
from ..contract import attribute_of
from .session import Session

KINDS: Mapping[str, dict[str, Any]] = {
    "SimpleRNN": {"kind": "SimpleRNN"},
    "LSTM": {"kind": "LSTM"},
    "GRU-reset-after": {"kind": "GRU", "reset_after": True},
    "GRU-reset-before": {"kind": "GRU", "reset_after": False},
}
DTYPES = ("float64", "float32", "float16", "bfloat16")
LAWS = ("batch", "time", "zero", "linear")
INVARIANTS = (
    "repeatable",
    "nothing_mutated",
    "layout_in_memory",
    "no_stale_answer",
    "garbage",
    "nan_garbage",
    "padded",
    "lengths_as_mask",
    "dropout_at_inference",
    "flat_at_the_kink",
    "wrong_sizes_refused",
)

ORDER = ("enumeration", "agreement", "fixtures", "laws", "invariants", "refusals", "stateful", "devices", "divergences")
"""The modules in the order in which they run: first what finds most in the fewest cases (``conformance mutants``)."""


def why_not(session: Session, kind: str, dtype: str) -> str:
    """Why the implementation is not asked such a cell in such a dtype; empty where it is."""
    name = session.implementation.name
    if not has(session.space, **KINDS[kind]):
        return f"{name} has no {kind}"
    if dtype not in session.implementation.dtypes:
        return f"{name} does not compute in {dtype}"
    return "" if has(session.space, **KINDS[kind], dtype=dtype) else f"{name} has no {kind} in {dtype}"


def _shares(session: Session) -> int:
    """How many pairs of a kind and a dtype the implementation has."""
    return sum(not why_not(session, kind, dtype) for kind in KINDS for dtype in DTYPES)


def examples(session: Session) -> int:
    """How many random cases each kind and dtype gets, so that together they are the profile's number.

    An implementation that says it is ``expensive``, since every case compiles, gets a fortieth of them.
    """
    spared = 40 if attribute_of(session.implementation, "expensive") else 1
    return -(-session.profile.cases // (spared * max(_shares(session), 1)))


def planned_cases(session: Session) -> int:
    """About how many cases a run judges when nothing fails, without the fixtures."""
    related = session.laws * len(LAWS + INVARIANTS)
    return len(session.planned) + examples(session) * _shares(session) + related
