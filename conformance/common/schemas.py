"""Checks of data files against their JSON schemas. Without jsonschema-rs nothing is checked, and a run says so."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any

try:
    import jsonschema_rs
except ModuleNotFoundError:  # as on a machine that is there for its GPU
    _THERE = False
else:
    _THERE = True


def mismatch(content: Any, schema: Mapping[str, Any]) -> str:
    """Where the content does not follow the schema, and how, by the first two mistakes; empty where it does."""
    if not _THERE:
        return ""
    validator = jsonschema_rs.Draft202012Validator(dict(schema))
    if validator.is_valid(content):
        return ""
    return "; ".join(map(_told, islice(validator.iter_errors(_in_numbers(content)), 2)))


def _in_numbers(content: Any) -> Any:
    """With a finite number for each float, as JSON has no others: of records, infinity and NaN are numbers."""
    if isinstance(content, dict):
        return {name: _in_numbers(one) for name, one in content.items()}
    if isinstance(content, list):
        return [_in_numbers(one) for one in content]
    return sys.float_info.max if isinstance(content, float) and not math.isfinite(content) else content


def _told(error: Any) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    said = error.message.replace('"', "'")  # as all other complaints quote
    return f"${where}: {said:.200}"


def why_unchecked() -> str | None:
    """The reason why nothing is checked against its schema here; None where everything is."""
    return None if _THERE else "jsonschema-rs is not installed: the project's own data files are read as they are"
