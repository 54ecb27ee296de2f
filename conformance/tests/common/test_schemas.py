"""A content that does not follow its schema is told by its place and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.common import schemas
from conformance.common.schemas import mismatch

pytestmark = pytest.mark.skipif(schemas.why_unchecked() is not None, reason="jsonschema-rs is not installed")

ROWS: dict[str, Any] = {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/numbers"}}
SCHEMA: dict[str, Any] = {
    "properties": {"a": ROWS, "b": {"type": ["string", "null"]}},
    "additionalProperties": False,
    "$defs": {"numbers": {"type": "array", "items": {"type": "number"}}},
}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"a": [[1, 2.5], []], "b": None}, ""),
        ({"a": [[1], [2, "3"]]}, "$.a[1][1]: '3' is not of type 'number'"),
        ({"a": [[1, True]]}, "$.a[0][1]: true is not of type 'number'"),
        ({"a": [[float("inf"), float("nan")], []], "b": ""}, ""),
        ({"a": [[float("inf")], [None]]}, "$.a[1][0]: null is not of type 'number'"),
        ({"a": [[], [], []]}, "$.a: [[],[],[]] has more than 2 items"),
        ({"b": 1}, "$.b: 1 is not of types 'null', 'string'"),
        ({"c": 1}, "$: Additional properties are not allowed ('c' was unexpected)"),
    ],
)
def test_a_mistake_is_told_by_its_place(content: Any, told: str) -> None:
    assert mismatch(content, SCHEMA) == told


def test_two_mistakes_are_told() -> None:
    assert mismatch({"a": [[None, None, 3, None]], "b": ""}, SCHEMA).count("null is not of type 'number'") == 2


def test_a_long_complaint_is_cut() -> None:
    assert len(mismatch({"a": "x" * 1000}, SCHEMA)) == len("$.a: ") + 200


def test_each_schema_has_definitions_of_its_own() -> None:
    for allowed, content in (("number", [[1]]), ("string", [["1"]])):
        schema = {"items": {"$ref": "#/$defs/it"}, "$defs": {"it": {"type": "array", "items": {"type": allowed}}}}
        assert mismatch(content, schema) == ""
        assert mismatch([[None]], schema) == f"$[0][0]: null is not of type '{allowed}'"
