"""``python -m conformance run``: its exit status, its table and its files, whatever the implementations do."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from conformance.commands.main import main
from conformance.implementations.finding import BUILT_IN
from conformance.running.devices import why_no_cuda
from conformance.suite.session import PROFILES

from ..support import HERE, Running, processes_with, python, start

RUN = ("-m", "conformance", "run")
DIFFICULT = ("Exits", "Segfaults", "Small", "Raises", "Silent")


def strict_json(path: Path) -> Any:
    """A JSON file as any language reads it: without the infinity and NaN that Python's own reader allows."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{path.name}: {constant} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def difficult(name: str) -> tuple[str, str]:
    return "--implementation", f"{HERE / 'planted_failures.py'}:{name}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module", autouse=True)
def runs(folder: Path) -> Iterator[dict[str, Running]]:
    """One run of the oracle and one of all that is difficult, both while the other tests run."""
    processes = {
        "oracle": start(
            *(*RUN, "--implementation", "oracle", "--seed", "3", "--verbose"),
            *("--json", str(folder / "oracle.json"), "--junit", str(folder / "oracle.xml")),
        ),
        "difficult": start(
            *(*RUN, *(word for name in DIFFICULT for word in difficult(name))),
            *("--implementation", "no_such_package_anywhere:RNN", "--json", str(folder / "difficult.json")),
        ),
    }
    yield processes
    for process in processes.values():
        process.end()


@pytest.fixture
def oracle(runs: dict[str, Running]) -> str:
    """What the oracle's run printed, once it has ended well."""
    status, said = runs["oracle"].ended()
    assert status == 0, said
    return said


@pytest.fixture
def results(runs: dict[str, Running], folder: Path) -> dict[str, Any]:
    """What the JSON of the difficult ones says, by class."""
    status, said = runs["difficult"].ended()
    assert status == 1, said
    found = strict_json(folder / "difficult.json")["implementations"]
    assert len(found) == len(DIFFICULT) + 1, [result["name"] for result in found]
    return dict(zip((*DIFFICULT, "absent"), found, strict=True))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--implementation", "tensorfow"), f"expected one of {', '.join(BUILT_IN)}"),
        (("--json", "/no/such/folder/verdict.json"), "no such folder: /no/such/folder"),
        (("--junit", "/no/such/folder/verdict.xml"), "no such folder: /no/such/folder"),
        (("--profile", "slow"), "invalid choice: 'slow'"),
        (("--device", "tpu"), "invalid choice: 'tpu'"),
        (("--seed", "today"), "invalid int value: 'today'"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_runs(
    arguments: tuple[str, str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wait", ["at once", "while it checks"])
def test_an_interrupted_run_writes_what_is_known_and_leaves_no_process_and_no_file(
    wait: str, number: signal.Signals, tmp_path: Path
) -> None:
    report, junit = tmp_path / "verdict.json", tmp_path / "verdict.xml"
    files = ("--json", str(report), "--junit", str(junit))
    running = start(*RUN, "--implementation", "oracle", *files, TMPDIR=str(tmp_path))
    try:
        limit = time.monotonic() + 60
        while len(processes_with("TMPDIR", str(tmp_path))) < 3:  # the command, the keeper, and what it keeps
            assert time.monotonic() < limit, "the run did not begin"
            time.sleep(0.01)
        time.sleep(0.1 if wait == "at once" else 5)
        os.kill(running.process.pid, number)  # the command alone, not its processes
        os.kill(running.process.pid, number)  # as from somebody who is impatient
        status, said = running.ended()
    finally:
        running.end()
    assert status == 128 + number, said
    assert f"interrupted by {number.name}: this is what was known by then" in said, said
    assert "Traceback" not in said, said
    assert sorted(tmp_path.iterdir()) == [report, junit], f"left behind: {list(tmp_path.rglob('*'))}"
    assert not processes_with("TMPDIR", str(tmp_path))
    found = strict_json(report)
    assert (found["partial"], found["exit_status"], len(found["implementations"])) == (True, status, 1)
    assert found["implementations"][0]["verdict"] == "interrupted"
    assert "oracle (cpu)" in said, "there is no table"
    assert f'name="partial" value="interrupted by {number.name}"' in junit.read_text()


def test_a_framework_that_is_absent_is_a_line_with_a_hint_and_fails_when_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    path = f"{tmp_path}{os.pathsep}{HERE.parent.parent}"
    status, said = python(*RUN, "--implementation", "torch", PYTHONPATH=path)
    assert status == 1, said
    assert "torch: torch is not installed (pip install 'rnn-conformance[torch]')" in said, said
    assert "Traceback" not in said, said


def test_the_table_has_a_row_and_says_that_cuda_was_not_run(oracle: str) -> None:
    assert any("oracle (cpu)" in line and "agrees" in line for line in oracle.splitlines()), oracle
    assert f"cuda: {why_no_cuda() or 'a device is here'}" in oracle, oracle


def test_the_json_says_what_ran_how_and_with_which_result(oracle: str, folder: Path) -> None:
    found = strict_json(folder / "oracle.json")
    (result,) = found["implementations"]
    assert (found["format"], found["exit_status"], found["plan"]["seed"]) == (2, 0, 3)
    assert found["not_run"]["cuda"].startswith(why_no_cuda() or "a device is here")
    assert (result["name"], result["device"], result["verdict"]) == ("oracle", "cpu", "agrees")
    assert set(result["versions"]) == {"numpy"}
    relations = {"laws", "invariants", "stateful", "hand-sized"}
    assert set(result["families"]) == {"outputs", "state", "gates", "gradients"} | relations
    assert result["cases"] >= PROFILES["quick"].cases, "fewer cases than the profile promises"
    assert result["numbers"] == sum(family["numbers"] for family in result["families"].values()) > 10_000
    assert all(family["worst"] <= 1 for family in result["families"].values()), result["families"]


def test_the_run_says_how_much_of_the_option_space_it_tried(oracle: str, folder: Path) -> None:
    coverage = strict_json(folder / "oracle.json")["implementations"][0]["coverage"]
    tried, valid = coverage["combinations"].values()
    assert 100 < tried < valid, coverage
    assert coverage["tuples"]["covered"] == coverage["tuples"]["valid"] > 10_000, coverage
    line = f"oracle: {tried:,} of {valid:,} combinations of options"
    assert any(line in each and "triples of option values (100 %)" in each for each in oracle.splitlines()), oracle


def test_a_run_that_crashes_has_told_how_little_it_tried(results: dict[str, Any]) -> None:
    assert results["Small"]["coverage"]["combinations"] == {"covered": 2, "valid": 2}
    for name in ("Exits", "Segfaults"):
        assert results[name]["coverage"]["combinations"] == {"covered": 0, "valid": 2}, results[name]["coverage"]


def test_the_junit_file_has_a_suite_for_the_implementation(oracle: str, folder: Path) -> None:
    (suite,) = JUnitXml.fromfile(str(folder / "oracle.xml"))
    assert suite.name == "oracle"
    assert suite.tests > 10, f"only {suite.tests} tests"
    assert (suite.failures, suite.errors) == (0, 0)


def test_no_other_file_is_left_beside_the_reports(oracle: str, results: dict[str, Any], folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"oracle.json", "oracle.xml", "difficult.json"}


def test_an_implementation_is_unaffected_by_the_others_that_crash(results: dict[str, Any]) -> None:
    assert (results["Small"]["verdict"], results["Small"]["failures"]) == ("agrees", {}), results["Small"]


def test_an_implementation_that_ends_its_process_has_crashed_and_its_last_words_are_kept(
    results: dict[str, Any],
) -> None:
    assert results["Exits"]["verdict"] == "CRASHED", results["Exits"]
    assert "ended with status 86" in results["Exits"]["why"], results["Exits"]["why"]
    assert "CHECK failed: stream is broken" in results["Exits"]["why"], results["Exits"]["why"]


def test_an_implementation_that_is_ended_by_a_signal_has_crashed(results: dict[str, Any]) -> None:
    assert results["Segfaults"]["verdict"] == "CRASHED", results["Segfaults"]
    assert f"ended with status {-signal.SIGSEGV}" in results["Segfaults"]["why"], results["Segfaults"]["why"]


def test_an_implementation_that_raises_diverges_and_the_message_has_the_least_case(results: dict[str, Any]) -> None:
    assert results["Raises"]["verdict"] == "DIVERGES", results["Raises"]
    (message,) = [said for test, said in results["Raises"]["failures"].items() if test.startswith("test_agreement.py")]
    assert "raised RuntimeError: ten steps are too many" in message, message
    assert "input_size=1, hidden_size=1" in message, message
    assert "batch=1, time=10" in message, message


def test_an_implementation_that_answers_nothing_does_not_pass(results: dict[str, Any]) -> None:
    assert results["Silent"]["verdict"] == "DIVERGES", results["Silent"]
    assert any("nothing was compared" in message for message in results["Silent"]["failures"].values()), results


def test_an_implementation_that_is_not_installed_is_not_run(results: dict[str, Any]) -> None:
    assert results["absent"]["verdict"] == "not run", results["absent"]
    assert results["absent"]["why"] == "no_such_package_anywhere is not installed"
