"""The benchmarks: what is timed is checked, what does not run is told, and what is told follows from the times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.cases.workload import PASSES, TIMED_CELLS, Work
from conformance.commands.main import main
from conformance.commands.power import bench as command
from conformance.implementations.oracle.timed import Timed
from conformance.implementations.timing import TIMED
from conformance.power.benchmark import report
from conformance.power.benchmark.measuring import Contestant, Result
from conformance.power.benchmark.workloads import SCALING, SIZES, disagreements_of_first_row, workloads

SMALL = Work("LSTM", "float64", 3, 2, 4, 5, gradients=True)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["bench", "--rounds", "2", "--threads", "1", *arguments])
    return status, capsys.readouterr().out


def result(ours: list[float], theirs: list[float], work: Work = SMALL, product: tuple[float, ...] = ()) -> Result:
    return Result(work, {"oracle": ours, "other": theirs}, product=list(product))


# --- what is timed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", list(workloads(TIMED_CELLS, ("float64", "float32"), [SMALL.size], PASSES)), ids=str)
def test_the_oracle_computes_what_it_is_timed_for(work: Work) -> None:
    assert disagreements_of_first_row(work, *Timed().prepare(work)()) == []


@pytest.mark.parametrize("which", ["outputs", "d_x"])
def test_what_is_out_of_its_bounds_is_a_fault(which: str) -> None:
    outputs, d_x = (np.array(part) for part in Timed().prepare(SMALL)())
    (outputs if which == "outputs" else d_x)[0, 1, 2] *= 1 + 1e-9
    (fault,) = disagreements_of_first_row(SMALL, outputs, d_x)
    assert fault.startswith(f"{which}[0, 1, 2]: expected")


def test_operations_are_those_of_six_products() -> None:
    t, b, i, h = SMALL.size
    assert SMALL.operations == 6 * (2 * t * b * 4 * h * i) / 2 + 6 * (2 * t * b * 4 * h * h) / 2
    assert Work("LSTM", "float64", *SMALL.size, gradients=False).operations * 3 == SMALL.operations


def test_what_is_needed_is_what_a_run_keeps() -> None:
    for name in TIMED_CELLS:
        work = Work(name, "float32", *SMALL.size, gradients=True)
        case = work.case()
        kept = ri.forward(case.cell, case.params, case.x)
        assert isinstance(kept, ri.Run)
        arrays = {**kept.gates, **dict(zip(case.cell.state_names, kept.before, strict=True))}
        assert work.adjoint_bytes == sum(array.nbytes for array in arrays.values()), name


def test_the_grid_spans_what_users_have() -> None:
    assert SIZES[0] == (1, 1, 4, 4)
    time, batch, _, hidden = SIZES[-1]
    assert (time, batch, hidden) == (200, 128, 512)
    for place, sizes in enumerate(SCALING.values()):
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


ORACLES = "from conformance.implementations.oracle.timed import Timed", "right = Timed().prepare(work)"


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
    assert found == {"not run": "its process ended with status 3: farewell"}


def test_one_whose_process_died_is_started_again_for_the_next_work(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    lines = ("import os", ORACLES[0], "class Mine:", "    versions = {}", "    def prepare(self, work):")
    dies = "        return Timed().prepare(work) if work.time < 9 else os._exit(3)"
    file.write_text("\n".join((*lines, dies, "")))
    one = Contestant(f"{file}:Mine", 1, tmp_path / "log")
    try:
        answers = [one.prepare(replace(SMALL, time=time)) for time in (1, 9, 2)]
    finally:
        one.stop()
    assert ["not run" in answer for answer in answers] == [False, True, False], answers


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a child that its parent has ended")
def test_a_stopped_contestant_ends_with_its_parent(tmp_path: Path) -> None:
    lines = (
        "import pathlib, time",
        "from conformance.power.benchmark.measuring import Contestant",
        f"one = Contestant('oracle', 1, pathlib.Path({str(tmp_path / 'log')!r}))",
        f"one.ask(prepare={asdict(SMALL)!r})",
        "print(one._process.pid, flush=True)",
        "time.sleep(600)",
    )
    parent = subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = Path("/proc", parent.stdout.readline().strip())
    assert child.exists()
    parent.kill()
    parent.communicate()
    until = monotonic() + 30
    while child.exists() and "zombie" not in (child / "status").read_text() and monotonic() < until:
        sleep(0.05)
    assert not child.exists() or "zombie" in (child / "status").read_text()


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
        ("--against", "caffe", f"expected one of {', '.join(TIMED)}, package.module:Class"),
        ("--against", "oracle", "oracle is timed in any case"),
        ("--plot", "bench.v2", "a name that ends in .png, .svg, .pdf is needed, got bench.v2"),
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
        main(["bench", option, value])
    assert f"{option}: {said}" in capsys.readouterr().err


def test_what_is_interrupted_does_not_go_on_with_the_growth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[Work]] = []

    def interrupted(works: Iterable[Work], *_: Any) -> tuple[list[Result], dict[str, Mapping[str, str]]]:
        asked.append(list(works))
        return [], {}

    monkeypatch.setattr(command, "run_benchmark", interrupted)
    assert main(["bench", "--against", "torch", "--cell", "GRU"]) == 1
    assert len(asked) == 1
    capsys.readouterr()


def test_every_growth_is_drawn(tmp_path: Path) -> None:
    drawn = tmp_path / "bench.svg"
    grown = [
        result([1e-3, 1e-3], [], Work("LSTM", "float64", *size, gradients=True))
        for sizes in SCALING.values()
        for size in sizes
    ]
    report.plot(drawn, [result([1.0, 1.0], [2.0, 2.0])], grown)
    for name in SCALING:
        assert f"<!-- {name} -->" in drawn.read_text(), name


# --- what follows from the times --------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_each_round_and_its_quartiles_are_shown() -> None:
    assert result([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]).ratio("other") == (0.75, 1.0, 1.25)
    assert result([1.0], [2.0]).ratio("other") == (0.5, 0.5, 0.5)
    assert result([1.0], [2.0]).ratio("absent") is None


def test_the_share_of_a_product_is_that_of_each_round() -> None:
    rate = SMALL.operations / 2.0  # what takes two seconds at that rate takes the oracle four
    assert result([4.0, 4.0], [1.0, 1.0], product=(rate, rate)).share_of_product == 0.5


def test_a_power_is_found_from_times_that_grow_so() -> None:
    grown = [
        result([1e-9 * size[0] ** 1.2], [], Work("LSTM", "float64", *size, gradients=True)) for size in SCALING["time"]
    ]
    found = report.scaling_exponents(grown)
    assert {which: round(power, 9) for which, power in found.items()} == {("LSTM", "time"): 1.2}
