"""Arithmetics by name: those of `refimpl.precision`, and those of frameworks.

An implementation names the arithmetic that it computes with in ``arithmetic``, a mapping from dtype to a name, or from
``dtype, option`` where an option of its own decides by being True, as in ``float32, tf32``, or by its value, as in
``float32, form=predict``. Where it names none it is that of the dtype, with the activations' own constants. This is all
that says how large an error may be: every bound follows from it and the case.

A framework's folder holds what is its own in ``arithmetic.toml``. Units are u |y|: half an ulp, where y is a power of
two.

========================  ============================================================================================
``[[model]]``             what is allowed: an arithmetic of `refimpl.precision` by another name, in which the
                          activations listed are off by ``ulps`` at most; with its source
``[measured.FRAMEWORK]``  what was found: ``python -m conformance.truth.activation_accuracy`` compares tanh and sigmoid
                          with ball arithmetic over the whole range of each dtype. Where a framework's function is
                          accurate to so much of 1 and not of itself, or to float32, the number is large: see the
                          divergences
``[wrong.FRAMEWORK]``     activations that leave their bound in these dtypes because they are wrong. Each has its
                          script among the divergences; the constants of `refimpl.activations` make no room for it
========================  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from refimpl.precision import Precision

from ..cases.declarations import Misdeclared
from ..common.reading import read_toml
from ..common.schemas import mismatch
from ..contract import Case, attribute_of
from ..implementations.finding import data_files

_TEXT = {"type": "string", "minLength": 1}
_DTYPES = {"enum": ["float64", "float32", "float16", "bfloat16"]}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["measured"],
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
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["versions"],
                "minProperties": 2,
                "properties": {"versions": _TEXT},
                "additionalProperties": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": _DTYPES,
                    "additionalProperties": {"type": "number", "minimum": 0},
                },
            },
        },
        "wrong": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "array", "minItems": 1, "items": _DTYPES},
            },
        },
    },
}


@dataclass(frozen=True)
class Measured:
    """How far a framework's activation was found to be off at most, in units ``u |y|``."""

    framework: str
    activation: str
    dtype: str
    ulps: float


def arithmetic_of(implementation: Any, case: Case) -> Precision:
    """The arithmetic in which the implementation computes the case; `ValueError` where it names an unknown one."""
    named: Mapping[str, str] = attribute_of(implementation, "arithmetic")
    dtype = case.dtype_name
    by_option = [
        f"{dtype}, {option}" if value is True else f"{dtype}, {option}={value}"
        for option, value in case.call_options.items()
    ]
    key = next((key for key in by_option if key in named), dtype)
    return _named(implementation, key, named.get(key, dtype))


def check_arithmetic(implementation: Any) -> None:
    """Raises `Misdeclared` where the implementation names an arithmetic that is not known."""
    for key, name in attribute_of(implementation, "arithmetic").items():
        _named(implementation, key, name)


def _named(implementation: Any, key: str, name: str) -> Precision:
    if name in models():
        return models()[name]
    try:
        return Precision.of(name)
    except ValueError as error:
        raise Misdeclared(f"{implementation.name}: arithmetic[{key!r}]: {error}") from None


@cache
def models() -> dict[str, Precision]:
    """The frameworks' arithmetics by name."""
    found: dict[str, Precision] = {}
    for model in (model for content in _read() for model in content.get("model", ())):
        if model["name"] in found:
            raise ValueError(f"arithmetic.toml: two models are named {model['name']!r}")
        base = Precision.of(model["of"])
        found[model["name"]] = replace(base, name=model["name"], ulps=tuple(sorted(model["ulps"].items())))
    return found


def measured() -> list[Measured]:
    """How far the frameworks' activations were found to be off."""
    return [
        Measured(framework, activation, dtype, ulps)
        for content in _read()
        for framework, its in content["measured"].items()
        for activation, by_dtype in its.items()
        if activation != "versions"
        for dtype, ulps in by_dtype.items()
    ]


def known_wrong() -> dict[tuple[str, str], tuple[str, ...]]:
    """Framework and activation to the dtypes in which it leaves its bound because it is wrong."""
    return {
        (framework, activation): tuple(dtypes)
        for content in _read()
        for framework, its in content.get("wrong", {}).items()
        for activation, dtypes in its.items()
    }


def files() -> list[Path]:
    """The files that hold the data: ``arithmetic.toml`` in a framework's folder."""
    return data_files("arithmetic.toml")


@cache
def _read() -> tuple[dict[str, Any], ...]:
    """What each file says."""
    found = []
    for path in files():
        content = read_toml(path)
        if wrong := mismatch(content, _SCHEMA):
            raise ValueError(f"{path.parent.name}/{path.name}: {wrong}")
        found.append(content)
    return tuple(found)
