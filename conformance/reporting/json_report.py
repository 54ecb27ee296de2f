"""A run as JSON: what ``run --json`` and ``run --record`` write."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..running.devices import gpu
from ..running.machine import machine
from ..running.profiling.accounts import share_outside_framework
from ..suite.runner import RunPlan
from .result import Result

FORMAT = 2


def as_json(
    results: Sequence[Result], absent: dict[str, str], plan: RunPlan, status: int, command: str, partial: str = ""
) -> dict[str, Any]:
    """The whole result, for machines. An infinite worst error, as of NaN, is null: JSON has no infinity.

    partial   why the run has not come to its end; then the result has ``partial``, which is True, and ``why_partial``
    """
    device = gpu() if plan.device == "cuda" else None
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "plan": asdict(plan),
        "machine": machine(),
        "gpu": None if device is None else asdict(device),
        "exit_status": status,
        **({"partial": True, "why_partial": partial} if partial else {}),
        "not_run": absent,
        "implementations": [_encodable(result) for result in results],
    }


def _encodable(result: Result) -> dict[str, Any]:
    encoded = asdict(result)
    if result.accounts:
        encoded["outside_of_the_framework"] = share_outside_framework(result.accounts)
    for found in encoded["families"].values():
        found["worst"] = found["worst"] if math.isfinite(found["worst"]) else None
    return encoded
