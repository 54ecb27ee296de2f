"""The notes of the hand-sized cases are right: every line is worked out again, and its result looked up."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.truth import corpus

FIXTURES = {fixture.id: fixture for fixture in corpus.read("hand_sized")}
_OPERATIONS: dict[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}
_STEP = re.compile(r"([a-z])(\d)")


def work_out(node: Any) -> Any:
    """The value of an expression of integers, ``+``, ``-``, ``*`` and lists."""
    match node:
        case ast.Expression(body):
            return work_out(body)
        case ast.Constant(int(value)):
            return value
        case ast.List(elements):
            return [work_out(element) for element in elements]
        case ast.UnaryOp(ast.USub(), operand):
            return -work_out(operand)
        case ast.BinOp(left, operation, right):
            return _OPERATIONS[type(operation)](work_out(left), work_out(right))
    raise SyntaxError(ast.dump(node))


def equations(note: str) -> list[tuple[str, Any, Any]]:
    """``(name, expression worked out, stated result)`` of each line that has them."""
    found = []
    for line in note.splitlines():
        parts = line.split(" = ")
        if len(parts) > 1 and ";" not in line:  # the line that explains the symbols has semicolons
            results = []
            for part in parts[1:]:
                try:
                    results.append(work_out(ast.parse(part, mode="eval")))
                except (SyntaxError, KeyError):
                    assert re.search("[A-Za-z]", part), f"not understood: {part!r}"
            assert results, f"no arithmetic in {line!r}"
            found.append((parts[0], results[0], results[-1]))
    return found


@pytest.mark.parametrize("name", FIXTURES)
def test_each_line_of_the_note_is_right(name: str) -> None:
    lines = equations(FIXTURES[name].note)
    assert len(lines) >= 20
    for what, worked_out, stated in lines:
        assert worked_out == stated, f"{name}: {what}: {worked_out}, but the note says {stated}"


@pytest.mark.parametrize("name", FIXTURES)
def test_what_the_note_finds_is_what_is_expected(name: str) -> None:
    fixture = FIXTURES[name]
    found = {what: stated for what, _, stated in equations(fixture.note)}
    looked_up = set()
    for what, stated in found.items():
        quantity, _, index = what.partition("[")
        if quantity in fixture.expected:
            expected = fixture.expected[quantity]
            expected = expected[0] if quantity == "d_x" else expected
            if index:
                expected = expected[int(index.rstrip("]"))]
            np.testing.assert_array_equal(np.squeeze(expected), np.squeeze(stated), err_msg=what)
            looked_up.add(quantity)
        elif step := _STEP.fullmatch(what):
            gate, t = step[1], int(step[2]) - 1
            expected = fixture.expected["outputs" if gate == "h" else f"gates.{gate}"]
            np.testing.assert_array_equal(np.squeeze(expected[0, t]), np.squeeze(stated), err_msg=what)
            looked_up.add("outputs" if gate == "h" else f"gates.{gate}")
    derived = {f"state.{name}" for name in fixture.case.state_names} | {"gates.h"}
    assert looked_up | derived >= set(fixture.expected), f"not worked by hand: {set(fixture.expected) - looked_up}"


@pytest.mark.parametrize("name", FIXTURES)
def test_hand_sized_cases_are_exact_integers(name: str) -> None:
    fixture = FIXTURES[name]
    assert fixture.exact
    for quantity, value in fixture.expected.items():
        assert (value == np.round(value)).all(), quantity


def test_a_wrong_line_is_seen() -> None:
    ((what, worked_out, stated),) = equations("h2 = [3 + 10, 1 + 26] = [13, 28]")
    assert (what, worked_out) != (what, stated)
