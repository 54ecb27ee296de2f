"""Implementations whose texts are hostile: names, versions and messages that are markup, escapes, no text, or huge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .planted_failures import Small

ESCAPES = "\x1b[31m[/red]\r\u202e[bold\x07"


class Hostile(Small):
    """Its name closes a colour that nobody opened; it raises 240 kB of escapes."""

    name = f"[/red]{ESCAPES}"
    versions: Mapping[str, str] = {"[/]\x1b[0m": ESCAPES * 1000}
    arithmetic: Mapping[str, str] = {"float32": "bfloat16"}

    def observe(self, case: Any) -> dict[str, Any]:
        raise RuntimeError(ESCAPES * 20_000)


class Unlike(Small):
    """Its name is a number; each case lacks its state for another reason, of 240 kB."""

    name = 3  # type: ignore[assignment]  # that is the fault
    _calls = 0

    def observe(self, case: Any) -> Any:
        from conformance.contract import Observed

        self._calls += 1
        outputs = super().observe(case)["outputs"]
        return Observed({"outputs": outputs}, missing={"state": f"{self._calls} {ESCAPES * 20_000}"})
