"""Checks of data files against their JSON schemas. Without jsonschema nothing is checked, and a run says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

try:
    import jsonschema
except ModuleNotFoundError:  # as on a machine that is there for its GPU
    _THERE = False
else:
    _THERE = True

_TYPES: Mapping[str, tuple[type, ...]] = {
    **{"number": (float, int), "integer": (int,), "string": (str,), "boolean": (bool,), "null": (type(None),)},
    **{"array": (list,), "object": (dict,)},
}
_LOCAL = "#/$defs/"
_WHOLE: ContextVar[Mapping[str, Any]] = ContextVar("the schema whose definitions are referred to")


def mismatch(content: Any, schema: Mapping[str, Any]) -> str:
    """Where the content does not follow the schema, and how; empty where it does."""
    if not _THERE:
        return ""
    before = _WHOLE.set(schema)
    try:
        error = next(_validator()(schema).iter_errors(content), None)
    finally:
        _WHOLE.reset(before)
    return "" if error is None else f"{error.json_path}: {error.message:.200}"


def why_unchecked() -> str | None:
    """The reason why nothing is checked against its schema here; None where everything is."""
    return None if _THERE else "jsonschema is not installed: the project's own data files are read as they are"


@cache
def _validator() -> Any:
    """The validator's class. What is `_plain` it need not look at, which is nearly all: fixtures are many numbers."""
    extend: Any = jsonschema.validators.extend
    keywords: Mapping[str, Callable[..., Iterable[Any]]] = jsonschema.Draft202012Validator.VALIDATORS

    def items(validator: Any, its: Any, instance: Any, schema: Any) -> Iterable[Any]:
        plain = isinstance(instance, list) and _plain(instance, {"items": its})
        return () if plain else keywords["items"](validator, its, instance, schema)

    def properties(validator: Any, its: Any, instance: Any, schema: Any) -> Iterable[Any]:
        if isinstance(instance, dict):
            its = {name: one for name, one in its.items() if name in instance and not _plain(instance[name], one)}
        return keywords["properties"](validator, its, instance, schema)

    def others(validator: Any, its: Any, instance: Any, schema: Any) -> Iterable[Any]:
        plain = isinstance(instance, dict) and all(_plain(one, its) for one in instance.values())
        return () if plain else keywords["additionalProperties"](validator, its, instance, schema)

    quick = {"items": items, "properties": properties, "additionalProperties": others}
    return extend(jsonschema.Draft202012Validator, quick)


def _plain(content: Any, schema: Any) -> bool:
    """Whether the content follows a schema of types and of lists of them alone; False where it may yet follow it."""
    while isinstance(schema, dict) and schema.keys() == {"$ref"} and schema["$ref"].startswith(_LOCAL):
        schema = _WHOLE.get().get("$defs", {}).get(schema["$ref"].removeprefix(_LOCAL))
    if not isinstance(schema, dict) or not schema.keys() <= {"type", "items", "maxItems", "description"}:
        return False
    kind = schema.get("type", "array")
    if not isinstance(kind, str) or type(content) not in _TYPES[kind]:
        return False
    if kind != "array":
        return schema.keys() <= {"type", "description"}
    its = schema.get("items")
    if len(content) > schema.get("maxItems", len(content)):
        return False
    if its == {"type": "number"}:
        return all(type(one) in (float, int) for one in content)
    return its is None or all(_plain(one, its) for one in content)
