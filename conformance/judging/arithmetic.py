"""Arithmetics by name: those of `refimpl.precision`, and those measured in frameworks, from ``arithmetic.toml``.

An implementation names the arithmetic that it computes with in ``arithmetic``, a mapping from dtype to a name, or from
``dtype, option`` where an option of its own decides by being True, as in ``float32, tf32``. Where it names none it is
that of the dtype, with the activations' own constants. This is all that says how large an error may be: every bound
follows from it and the case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from refimpl.precision import Precision

from ..common.schemas import mismatch
from ..contract import Case, attribute_of

DATA = Path(__file__).parent / "arithmetic.toml"
_TEXT = {"type": "string", "minLength": 1}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["model", "measured"],
    "properties": {
        "model": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "of", "ulps", "source"],
                "properties": {
                    "name": _TEXT,
                    "of": _TEXT,
                    "ulps": {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
                    "source": _TEXT,
                },
            },
        },
        "measured": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["framework", "versions", "activation", "dtype", "ulps"],
                "properties": {
                    **dict.fromkeys(("framework", "versions", "activation", "dtype"), _TEXT),
                    "ulps": {"type": "number", "minimum": 0},
                },
            },
        },
    },
}


def arithmetic_of(implementation: Any, case: Case) -> Precision:
    """The arithmetic in which the implementation computes the case; `ValueError` where it names an unknown one."""
    named: Mapping[str, str] = attribute_of(implementation, "arithmetic")
    dtype = case.dtype_name
    by_option = [f"{dtype}, {option}" for option, value in case.call_options.items() if value is True]
    key = next((key for key in by_option if key in named), dtype)
    name = named.get(key, dtype)
    if name in models():
        return models()[name]
    try:
        return Precision.of(name)
    except ValueError as error:
        raise ValueError(f"{implementation.name}: arithmetic[{key!r}]: {error}") from None


@cache
def models() -> dict[str, Precision]:
    """Those measured in frameworks, by name."""
    found = {}
    for model in _read()["model"]:
        base = Precision.of(model["of"])
        found[model["name"]] = replace(base, name=model["name"], ulps=tuple(sorted(model["ulps"].items())))
    return found


def measured() -> list[dict[str, Any]]:
    """How far frameworks' activations were found to be off at most, in units ``u |y|``."""
    found: list[dict[str, Any]] = _read()["measured"]
    return found


@cache
def _read() -> dict[str, Any]:
    content = tomllib.loads(DATA.read_text(encoding="utf-8"))
    if wrong := mismatch(content, _SCHEMA):
        raise ValueError(f"{DATA.name}: {wrong}")
    return content
