"""The benchmarks: what is timed is checked, what does not run is told, and what is told follows from the times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance import __main__
from conformance.bench import report
from conformance.bench.measuring import Contestant, Result
from conformance.bench.work import CELLS, GRID, GROWTH, PASSES, Work, works
from conformance.implementations.timed.oracle import Timed

SMALL = Work("LSTM", "float64", 3, 2, 4, 5, gradients=True)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = __main__.main(["bench", "--rounds", "2", "--threads", "1", *arguments])
    return status, capsys.readouterr().out


def result(ours: list[float], theirs: list[float], work: Work = SMALL, product: tuple[float, ...] = ()) -> Result:
    return Result(work, {"oracle": ours, "other": theirs}, product=list(product))


# --- what is timed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", list(works(CELLS, ("float64", "float32"), [SMALL.size], PASSES)), ids=str)
def test_the_oracle_computes_what_it_is_timed_for(work: Work) -> None:
    assert work.faults(*Timed().prepare(work)()) == []


@pytest.mark.parametrize("which", ["outputs", "d_x"])
def test_what_is_out_of_its_bounds_is_a_fault(which: str) -> None:
    outputs, d_x = (np.array(part) for part in Timed().prepare(SMALL)())
    (outputs if which == "outputs" else d_x)[0, 1, 2] *= 1 + 1e-9
    (fault,) = SMALL.faults(outputs, d_x)
    assert fault.startswith(f"{which}[0, 1, 2]: expected")


def test_operations_are_those_of_six_products() -> None:
    t, b, i, h = SMALL.size
    assert SMALL.operations == 6 * (2 * t * b * 4 * h * i) / 2 + 6 * (2 * t * b * 4 * h * h) / 2
    assert Work("LSTM", "float64", *SMALL.size, gradients=False).operations * 3 == SMALL.operations


def test_what_is_needed_is_what_a_run_keeps() -> None:
    for name in CELLS:
        work = Work(name, "float32", *SMALL.size, gradients=True)
        case = work.case()
        kept = ri.forward(case.cell, case.params, case.x)
        assert isinstance(kept, ri.Run)
        arrays = {**kept.gates, **dict(zip(case.cell.state_names, kept.before, strict=True))}
        assert work.needed == sum(array.nbytes for array in arrays.values()), name


def test_the_grid_spans_what_users_have() -> None:
    assert GRID[0] == (1, 1, 4, 4)
    time, batch, _, hidden = GRID[-1]
    assert (time, batch, hidden) == (200, 128, 512)
    for place, sizes in enumerate(GROWTH.values()):
        assert len({size[:place] + size[place + 1 :] for size in sizes}) == 1, "more than one size grows"


# --- side by side -----------------------------------------------------------------------------------------------------


def test_two_are_timed_in_turn_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, drawn = tmp_path / "bench.json", tmp_path / "bench.png"
    options = ("--against", "torch", "--against", "onnx-reference", "--size", "3,2,4,5", "--cell", "GRU")
    status, out = run(capsys, *options, "--json", str(told), "--plot", str(drawn))
    assert status == 0, out
    assert "onnx-reference: not run in 2: the evaluator does not differentiate a model" in out
    found = json.loads(told.read_text())
    assert found["rounds"] == 2
    assert found["threads"] == 1
    assert set(found["versions"]) == {"oracle", "torch", "onnx-reference"}
    assert len(found["grid"]) == 4, "two dtypes, two passes"
    for each in found["grid"]:
        asked = {"oracle", "torch"} | (set() if each["work"]["gradients"] else {"onnx-reference"})
        assert set(each["seconds"]) == asked
        assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in each["seconds"].values())
        assert 0 < each["share_of_product"] < 1
    assert drawn.read_bytes().startswith(b"\x89PNG")


def asked_of(folder: Path, *body: str) -> Mapping[str, Any]:
    """What a contestant answers whose ``prepare`` is this."""
    lines = "".join(f"        {line}\n" for line in body)
    file = folder / "mine.py"
    file.write_text(f"import os\n\n\nclass Mine:\n    versions = {{}}\n\n    def prepare(self, work):\n{lines}")
    one = Contestant(f"{file}:Mine", 1, folder / "log")
    try:
        return one.ask(prepare=asdict(SMALL))
    finally:
        one.stop()


ORACLES = "from conformance.implementations.timed.oracle import Timed", "right = Timed().prepare(work)"


def test_anyones_own_can_be_timed(tmp_path: Path) -> None:
    found = asked_of(tmp_path, *ORACLES, "return right")
    assert found["seconds"] > 0


def test_one_that_computes_something_else_is_not_timed(tmp_path: Path) -> None:
    found = asked_of(tmp_path, *ORACLES, "return lambda: (right()[0] + 1e-9, right()[1])")
    assert found["not run"].startswith("it computes something else: outputs[0, ")


def test_one_that_raises_says_what(tmp_path: Path) -> None:
    assert asked_of(tmp_path, "raise ArithmeticError('no such luck')") == {"not run": "ArithmeticError: no such luck"}


def test_one_whose_process_dies_says_what_it_last_printed(tmp_path: Path) -> None:
    found = asked_of(tmp_path, "print('farewell', flush=True)", "os._exit(3)")
    assert found == {"not run": "its process ended: farewell"}


def test_one_that_is_not_installed_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy_ml.py").write_text("raise ModuleNotFoundError('gone', name='numpy_ml')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    one = Contestant("numpy-ml", 1, tmp_path / "log")
    try:
        found = one.ask(prepare=asdict(SMALL))
    finally:
        one.stop()
    assert found == {"not run": "numpy_ml is not installed (pip install 'rnn-conformance[numpy-ml]')"}


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--against", "caffe", "expected one of oracle, torch"),
        ("--size", "1,2,3", "four numbers are needed"),
        ("--size", "1,2,3,x", "a positive whole number is needed"),
        ("--rounds", "0", "a positive whole number is needed"),
        ("--cell", "CNN", "invalid choice: 'CNN'"),
    ],
)
def test_what_cannot_be_timed_is_refused(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["bench", option, value])
    assert f"{option}: {said}" in capsys.readouterr().err


# --- what follows from the times --------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_each_round_and_its_quartiles_are_shown() -> None:
    assert result([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]).ratio("other") == (0.75, 1.0, 1.25)
    assert result([1.0], [2.0]).ratio("other") == (0.5, 0.5, 0.5)
    assert result([1.0], [2.0]).ratio("absent") is None


def test_the_share_of_a_product_is_that_of_each_round() -> None:
    rate = SMALL.operations / 2.0  # what takes two seconds at that rate takes the oracle four
    assert result([4.0, 4.0], [1.0, 1.0], product=(rate, rate)).share == 0.5


def test_a_power_is_found_from_times_that_grow_so() -> None:
    grown = [
        result([1e-9 * size[0] ** 1.2], [], Work("LSTM", "float64", *size, gradients=True)) for size in GROWTH["time"]
    ]
    found = report.exponents(grown)
    assert {which: round(power, 9) for which, power in found.items()} == {("LSTM", "time"): 1.2}
