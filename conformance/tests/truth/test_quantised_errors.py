"""What quantised layers lose is measured against the float layer, and is what their precision lets one expect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ...cases.oracle_run import run_oracle
from ...contract import NotRun
from ...implementations.finding import load
from ...truth import quantised_errors


def test_weights_in_float16_lose_less_than_weights_in_bytes() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    rows = [row for row in quantised_errors.measured() if row[0] == "torch-quantised" and "1 layer" in row[1]]
    worst = {(kind.partition(",")[0], options): float(figures[-1]) for _, kind, options, *figures in rows}
    for kind in ("LSTM", "GRU"):
        in_bytes, in_halves = (worst[kind, f"weights_in={dtype}"] for dtype in ("qint8", "float16"))
        assert 0 < in_halves < in_bytes / 10
        assert in_bytes < 1


def test_weights_in_bytes_lose_something_in_litert_and_weights_as_they_are_next_to_nothing() -> None:
    try:
        litert: Any = load("litert")
    except NotRun as absent:
        pytest.skip(str(absent))
    case = quantised_errors.case_of("LSTM", 1, {"weights_in": "int8"}, biases="keras")
    truth = run_oracle(case.in_dtype(np.float64)).outputs
    in_bytes, as_they_are = (
        np.abs(litert.observe(each).values["outputs"] - truth).max() for each in (case, case.replace(call_options={}))
    )
    assert 1e-4 < in_bytes < 0.1
    assert as_they_are < 1e-5


def test_a_case_has_numbers_of_its_own_in_each_gate() -> None:
    case = quantised_errors.case_of("LSTM", 2, {})
    assert len({float(value) for value in case.params["l0.bias"]}) == case.params["l0.bias"].size
    assert case.x.std() > 0.9
