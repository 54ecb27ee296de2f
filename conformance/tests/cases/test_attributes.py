"""What an implementation declares beside its cells is checked before anything is made of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from conformance.cases.attributes import check_attributes
from conformance.cases.declarations import Misdeclared
from conformance.cases.option_space import space_of
from conformance.contract import OPTIONAL_ATTRIBUTES, attribute_of
from conformance.judging.arithmetic import check_arithmetic

from ..support.planted_failures import Small

BAD: dict[str, list[Any]] = {
    "versions": ["1.0", ("1.0",), 3],
    "arithmetic": ["bfloat16", {"float32": 3}, {3: "bfloat16"}, ["float32"], None],
    "case_as_computed": [{}, "rounded"],
    "compiled_anew": ["compile", {"mode": "compile"}, {3: ("compile",)}, None],
    "device": [3, ("cpu",), None],
    "devices": ["cpu", 3, (3,), None],
    "drawing": [7, "yes"],
    "empty_batch": ["yes", 1, None],
    "every_release": [3, "cells", itertools.repeat({})],
    "expensive": ["no", 0.0],
    "ignores_nan_padding": ["NaN"],
    "interface": [{}, None],
    "kernels": ["torch", 5, (None,)],
    "layer": ["layer", 3],
    "longest_sequence": [0, 2.5, True, "50", 10**6],
    "prepare": [{}, 0],
    "refused": [None, "all", {"when": {}}.values(), itertools.repeat({})],
    "sizes": [3, {"batch": -1}, {"batch": 0}, {"batch": 10**12}, {"btach": 3}, {"batch": 2.0}, {"batch": True}, "3"],
    "stateful": [True, "yes"],
    "threads": [1, "one"],
}


def declares(attribute: str, value: Any) -> Any:
    return type("Declares", (Small,), {attribute: value})()


def test_every_optional_attribute_is_checked() -> None:
    assert BAD.keys() == {"versions", *OPTIONAL_ATTRIBUTES}


@pytest.mark.parametrize(("attribute", "value"), [(name, value) for name, those in BAD.items() for value in those])
def test_what_is_of_another_kind_is_named(attribute: str, value: Any) -> None:
    with pytest.raises(Misdeclared, match=f"^{attribute}: expected .*, got ") as caught:
        check_attributes(declares(attribute, value))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("attribute", OPTIONAL_ATTRIBUTES)
def test_a_default_is_of_its_kind(attribute: str) -> None:
    check_attributes(declares(attribute, attribute_of(Small(), attribute)))


def test_sizes_that_some_framework_has_are_taken() -> None:
    check_attributes(declares("sizes", {"batch": 3, "time": 4, "input": 2, "hidden": 5}))


def test_an_arithmetic_that_is_not_known_is_named() -> None:
    check_arithmetic(declares("arithmetic", {"float64": "bfloat16", "float32, tf32": "float32, products in TF32"}))
    with pytest.raises(Misdeclared, match=r"^small: arithmetic\['float64'\]: .* got very coarse"):
        check_arithmetic(declares("arithmetic", {"float64": "very coarse"}))


@pytest.mark.parametrize(
    "entry",
    [
        3,
        "all",
        {},
        {"when": {"mask": ("holes",)}, "reason": "", "message": "x"},
        {"when": {"mask": ("holes",)}, "reason": "x", "message": 3},
        {"when": lambda: True, "reason": "x", "message": "x"},
        {"when": {"mask": "holes"}, "reason": "x", "message": "x"},
        {"when": {"mask": itertools.repeat("holes")}, "reason": "x", "message": "x"},
        {"when": {"mask": ("holes",)}, "reason": "x", "message": "x", "more": 1},
    ],
)
def test_a_refusal_that_makes_no_sense_is_told(entry: Any) -> None:
    with pytest.raises(Misdeclared, match=r"^refused: "):
        space_of([{"kind": "GRU", "mask": ("none", "holes")}], ["float64"], [entry])
