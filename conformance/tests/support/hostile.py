"""A record in which every text that comes from a plug-in tries to run a script or to break the page."""

from __future__ import annotations

from typing import Any

MARKUP = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\"'`]]>--&amp;"
FORMULA = "{{ 7*7 }}{% raw %}${alert(1)}"
HOSTILE = f"{MARKUP}{FORMULA}"
NAME = f"<b onmouseover=window.broken=1>{HOSTILE}"


def hostile_record(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its texts replaced, and with a reason for not being whole."""
    found = {
        **record,
        "partial": True,
        "why_partial": HOSTILE,
        "command": f"python -m conformance run {HOSTILE}",
        "not_run": {HOSTILE: NAME},
    }
    found["implementations"] = [_hostile(result) for result in record["implementations"]]
    return found


def _hostile(result: dict[str, Any]) -> dict[str, Any]:
    cases = [
        case
        | {"test": NAME, "description": HOSTILE, "condition": HOSTILE, "combinations": 1, "lines": [HOSTILE]}
        | {"raised": HOSTILE, "script": HOSTILE, "options": case["options"] | {HOSTILE: NAME}}
        | {"quantities": [quantity | {"quantity": NAME} for quantity in case["quantities"]]}
        for case in result["failing_cases"]
    ]
    tried = result["tried"]
    return {
        **result,
        "name": NAME,
        "versions": {NAME: HOSTILE},
        "paths": [HOSTILE] * 4,
        "not_run": {HOSTILE: NAME},
        "refused": {NAME: 3},
        "divergences": {NAME: HOSTILE},
        "divergent_cases": {NAME: 2},
        "failures": {"another test": HOSTILE, NAME: HOSTILE},
        "arithmetic": {NAME: HOSTILE},
        "coarser": {NAME: 0.01},
        "declared": result["declared"] | {NAME: [HOSTILE, NAME]},
        "tried": {**tried, "options": tried["options"] | {"kind": [NAME, HOSTILE, "LSTM"]}},
        "failing_cases": cases,
    }
