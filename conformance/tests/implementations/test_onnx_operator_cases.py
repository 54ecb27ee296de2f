"""The ONNX project's own cases of its operators RNN, LSTM and GRU, against the oracle through the ONNX layout.

They are what the ``onnx`` package generates and every backend is tested with. Their expected values were computed in
float32, so they may lie as far from the oracle's as any faithful float32 computation: the derived bound, nothing more.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.judging.expected import expect
from conformance.judging.verdict import judge

onnx = pytest.importorskip("onnx")

from conformance.implementations.onnx.operator_cases import (  # noqa: E402  # needs onnx
    OPERATORS,
    as_case,
    as_observed,
    collected,
)


def _listed() -> list[str]:
    """The names of the cases, as they stand in the package's sources, whichever has a node of these operators."""
    sources = [path.read_text() for path in (Path(onnx.__file__).parent / "backend/test/case/node").rglob("*.py")]
    ours = [source for source in sources if re.search(rf'"(?:{"|".join(OPERATORS)})"', source)]
    return re.findall(r'name="(test_\w+)"', "".join(ours))


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    """Each case by its name."""
    return {case.name: case for case in collected()}


def test_the_package_lists_as_many_cases_as_are_tried(cases: dict[str, Any]) -> None:
    assert sorted(cases) == sorted(_listed())
    assert len(cases) >= 18, "onnx 1.23 has eighteen; fewer were found"


@pytest.mark.parametrize("name", _listed())
def test_the_stored_values_lie_within_the_derived_bounds(cases: dict[str, Any], name: str) -> None:
    case = cases[name]
    assert case.data_sets, "no data"
    for inputs, outputs in case.data_sets:
        asked = as_case(case.model, inputs)
        verdict = judge(expect(asked), as_observed(asked, case.model, outputs))
        assert verdict.agrees, f"{asked!r}\n" + "\n".join(map(str, verdict.disagreements))
        assert sum(np.size(array) for array in outputs) == verdict.numbers, "some number was not compared"


def test_a_stored_value_that_is_off_is_seen(cases: dict[str, Any]) -> None:
    for case in cases.values():
        inputs, outputs = case.data_sets[0]
        asked = as_case(case.model, inputs)
        moved = [array * np.float32(1 + 2**-10) for array in outputs]
        assert not judge(expect(asked), as_observed(asked, case.model, moved)).agrees, case.name
