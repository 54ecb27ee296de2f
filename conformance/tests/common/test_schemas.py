"""What is quick to see as right is what jsonschema calls right, and what is wrong is told as jsonschema tells it."""

from __future__ import annotations

from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

from conformance.common.schemas import mismatch  # noqa: E402

NUMBERS: dict[str, Any] = {"type": "array", "maxItems": 3, "items": {"type": "number"}}
ROWS: dict[str, Any] = {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/numbers"}}
SCHEMAS: dict[str, Any] = {
    "numbers": {"items": {"type": "number"}},
    "rows": {"items": ROWS},
    "fields": {"properties": {"a": ROWS, "b": {"type": "integer"}, "c": {"type": ["string", "null"]}}},
    "others": {"properties": {"a": {"items": False}}, "additionalProperties": {"type": "integer"}},
    "no others": {"properties": {"a": True}, "additionalProperties": False},
    "nullable": {"properties": {"a": {"anyOf": [{"$ref": "#/$defs/numbers"}, {"type": "null"}]}}},
    "few": {"items": {"type": "array", "minItems": 1, "items": {"type": "number"}}},
    "first": {"prefixItems": [{"type": "string"}], "items": {"type": "number"}},
    "unique": {"items": {"type": "array", "uniqueItems": True, "items": {"type": "number"}}},
    "untyped": {"items": {"items": {"type": "string"}}},
}
CONTENTS: list[Any] = [
    *([], [1, 2.5], [1, "2"], [True], [None], ["1", 2], [[]], [[1]], [[1, 1]], [["1"]], 5, "text", None, {}, {"a": 1}),
    *([[[1, 2], [3.0]]], [[[1, 2], [3, 4], [5, 6]]], [[[1, 2, 3, 4]]], [[[1, True]]], [[1, 2]], [[{}]], [{"0": 1}]),
    *({"a": [[1, 2], []]}, {"a": [[1, 2, 3, 4]]}, {"a": [1]}, {"a": [1, "2"]}, {"a": None}, {"a": [1, 2, 3, 4]}),
    *(
        {"b": 1},
        {"b": 1.0},
        {"b": True},
        {"b": 1.5},
        {"c": None},
        {"c": "x"},
        {"c": 1},
        {"a": [[1, 2]], "b": "1"},
        {"b": 1, "c": "x"},
    ),
]


@pytest.mark.parametrize("name", SCHEMAS)
def test_contents_are_judged_as_jsonschema_judges_them(name: str) -> None:
    schema = SCHEMAS[name] | {"$defs": {"numbers": NUMBERS}}
    right = 0
    for content in CONTENTS:
        found = next(jsonschema.Draft202012Validator(schema).iter_errors(content), None)
        expected = "" if found is None else f"{found.json_path}: {found.message:.200}"
        assert mismatch(content, schema) == expected, content
        right += not expected
    assert 0 < right < len(CONTENTS)


def test_each_schema_has_definitions_of_its_own() -> None:
    for allowed, content in (("number", [[1]]), ("string", [["1"]])):
        schema = {"items": {"$ref": "#/$defs/it"}, "$defs": {"it": {"type": "array", "items": {"type": allowed}}}}
        assert mismatch(content, schema) == ""
        assert mismatch([[None]], schema).startswith("$[0][0]: None is not of type")
