"""The events of a run's record, each with its schema: what a process tells of what it does, as it does it."""

from __future__ import annotations

from typing import Any

from ..contract import FAMILIES as QUANTITY_FAMILIES
from ..running.events import event_schema

FAMILIES = (*QUANTITY_FAMILIES, "laws", "invariants", "stateful", "hand-sized", "devices")
"""The families of what is compared: of quantities, and of tests that compare something else."""
OUTCOMES = ("passed", "failed", "skipped")

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_SIZE = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number", "minimum": 0}


def _mapping(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_SUMS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}}
_FAMILY = event_schema(
    numbers=_SIZE, worst=_NUMBER, undecided=_SIZE, measured=_SIZE, squares=_NUMBER, in_common=_SUMS, samples=_SIZE
)
_SIZES = event_schema(combinations=_SIZE, tuples=_SIZE)
_CASE = event_schema(
    description=_TEXT,
    lines=_TEXTS,
    options=_mapping(_TEXT),
    quantities={"type": "array", "items": {"type": "object"}},
    raised=_TEXT,
    script=_TEXT,
)

EVENTS: dict[str, dict[str, Any]] = {
    "unavailable": event_schema(why=_TEXT),
    "alive": event_schema(),
    "call": event_schema(what=_TEXT),
    "no answer": event_schema(seconds=_NUMBER, what=_TEXT, script=_TEXT),
    "unusable": event_schema(why=_TEXT),
    "misdeclared": event_schema(why=_TEXT),
    "start": event_schema(
        name=_TEXT,
        versions=_mapping(_TEXT),
        python=_TEXT,
        numpy=_TEXT,
        planned=_SIZE,
        valid=_SIZES,
        arithmetic=_mapping(_TEXT),
        declared=_mapping(_TEXTS),
        refused=_mapping(_TEXTS),
    ),
    "case": event_schema(
        test=_TEXT,
        families={"type": "object", "additionalProperties": False, "properties": dict.fromkeys(FAMILIES, _FAMILY)},
        dtype=_TEXT,
        options=_mapping(_TEXT),
        classes=_mapping(_TEXT),
        missing=_mapping(_TEXT),
        known=_TEXTS,
        path=_TEXT,
    ),
    "coverage": event_schema(reached=_SIZES),
    "refused": event_schema(combinations=_SIZE, reason=_TEXT),
    "not run": event_schema(what=_TEXT, why=_TEXT),
    "again": event_schema(what=_TEXT, alike={"type": "boolean"}),
    "divergence": event_schema(id=_TEXT, summary=_TEXT),
    "failure": event_schema(test=_TEXT, message=_TEXT, cases={"type": "array", "items": _CASE}),
    "outcome": event_schema(test=_TEXT, outcome={"enum": list(OUTCOMES)}, seconds=_NUMBER, why=_TEXT),
    "end": event_schema(collected=_SIZE, reported=_SIZE),
    "accounts": event_schema(began={"type": "number"}, ended={"type": "number"}, seconds=_mapping({"type": "number"})),
}
"""Kind of event to its schema.

``alive`` says no more than that; ``call`` is what is asked from then on; ``outcome`` is how a test ended,
and ``failure`` has its message.
"""
