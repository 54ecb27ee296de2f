"""A run says how large an implementation's errors are in sampled deviations, and when they are suspiciously small."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.reporting.many_errors import ENOUGH
from conformance.reporting.result import result_of
from conformance.running.run_records import read_run_record
from conformance.tests.support import command


def case(dtype: str, measured: int, size: float) -> dict[str, Any]:
    """What is recorded of a case whose gradients' errors have that root mean square."""
    found = {"numbers": 9, "worst": 0.5, "undecided": 0, "measured": measured, "squares": measured * size**2}
    return {"families": {"gradients": found}, "dtype": dtype, "missing": {}, "known": [], "path": ""}


def result(*cases: dict[str, Any]) -> Any:
    of_kind = {"case": list(cases), "end": [{"collected": 1, "reported": 1}]}
    process = SimpleNamespace(
        label="it",
        status=0,
        seconds=1.0,
        started=0.0,
        was_cut=False,
        spoiled="",
        silent=0.0,
        of_kind=lambda k: of_kind.get(k, []),
    )
    return result_of(process, "cpu")  # type: ignore[arg-type]


def test_a_familys_deviations_are_the_root_mean_square_over_all_cases() -> None:
    found = result(case("float32", 300, 0.5), case("float64", 100, 1.0))
    assert abs(found.families["gradients"]["deviations"] - np.sqrt((300 * 0.25 + 100) / 400)) < 1e-12


def test_where_no_deviation_is_known_there_is_none() -> None:
    assert "deviations" not in result(case("float32", 0, 0.0)).families["gradients"]


@pytest.mark.parametrize(
    ("measured", "size", "suspicious"),
    [(ENOUGH, 0.04, True), (ENOUGH - 1, 0.04, False), (ENOUGH, 0.06, False), (ENOUGH, 0.0, False)],
)
def test_errors_that_are_a_tenth_of_faithful_ones_are_suspicious(measured: int, size: float, suspicious: bool) -> None:
    found = result(case("float16", measured, size), case("float32", 10 * ENOUGH, 0.7))
    assert list(found.coarser) == ["gradients in float16"] * suspicious


def test_who_declares_a_coarse_arithmetic_and_computes_in_a_fine_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    name = "conformance.tests.support.planted_declarations:Coarse"
    status, said = command("run", "--implementation", name, "--cases", "24", "--json", str(file))
    assert status == 0, said
    assert "Declares a coarser arithmetic than its errors show" in said
    (found,) = read_run_record(file)["implementations"]
    assert "gradients in float32" in found["coarser"], json.dumps(found["families"])
    assert 0 < found["families"]["gradients"]["deviations"] < 0.01
