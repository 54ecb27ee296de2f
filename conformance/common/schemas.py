"""Checks of data files against their JSON schemas. Without jsonschema nothing is checked, and a run says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

try:
    import jsonschema
except ModuleNotFoundError:  # as on a machine that is there for its GPU
    _THERE = False
else:
    _THERE = True


def mismatch(content: Any, schema: Mapping[str, Any]) -> str:
    """Where the content does not follow the schema, and how; empty where it does."""
    if not _THERE:
        return ""
    error = next(_validator()(schema).iter_errors(content), None)
    return "" if error is None else f"{error.json_path}: {error.message:.200}"


def why_unchecked() -> str | None:
    """The reason why nothing is checked against its schema here; None where everything is."""
    return None if _THERE else "jsonschema is not installed: the project's own data files are read as they are"


@cache
def _validator() -> Any:
    """The validator's class. It checks a list of numbers at once, as fixtures have many."""
    extend: Any = jsonschema.validators.extend
    each: Any = jsonschema.Draft202012Validator.VALIDATORS["items"]

    def items(validator: Any, items: Any, instance: Any, schema: Any) -> Iterable[Any]:
        all_numbers = items == {"type": "number"} and all(type(item) in (float, int) for item in instance)
        found: Iterable[Any] = () if all_numbers else each(validator, items, instance, schema)
        return found

    return extend(jsonschema.Draft202012Validator, {"items": items})
