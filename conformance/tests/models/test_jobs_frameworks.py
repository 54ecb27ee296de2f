"""The frameworks' side of a job in a process of its own: what it answers, tells, and how it fails."""

from __future__ import annotations

import ast
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.contract import NotRun
from conformance.implementations.finding import FOLDER, offered
from conformance.models.jobs.frameworks import WorkerFailed, ask, frameworks_with

HERE = f"{__name__}:"
NUMPY = "oracle"  # a side that needs no framework


def doubled(arrays: Mapping[str, Any], options: Mapping[str, Any], tell: Any) -> tuple[Any, Any]:
    print("what a framework says to itself")
    os.write(1, b"even past Python\n")
    for k in range(3):
        tell(done=k + 1, loss=0.5)
    return {name: options["factor"] * value for name, value in arrays.items()}, {"sum": 3}


def raising(arrays: Any, options: Any, tell: Any) -> Any:
    raise RuntimeError("out of ideas")


def refusing(arrays: Any, options: Any, tell: Any) -> Any:
    raise NotRun("not on a Saturday")


def lacking(arrays: Any, options: Any, tell: Any) -> Any:
    import no_such_package_anywhere  # type: ignore[import-not-found]

    return no_such_package_anywhere


def sleeping(arrays: Any, options: Any, tell: Any) -> Any:
    Path(options["path"]).write_text(str(os.getpid()))
    tell(done=1)
    time.sleep(60)


@pytest.fixture(params=["started", "forked"], scope="module", autouse=True)
def beginning(request: pytest.FixtureRequest) -> None:
    """A process is started for each question; and then, in all tests again, forked, as in those of the jobs."""
    if request.param == "forked":
        request.getfixturevalue("forked_frameworks")


def test_arrays_and_options_go_there_and_come_back() -> None:
    told: list[Mapping[str, Any]] = []
    answer = ask(NUMPY, HERE + "doubled", {"a": np.arange(3, dtype=np.float32)}, {"factor": 2}, told.append)
    assert answer.arrays["a"].tolist() == [0, 2, 4]
    assert answer.arrays["a"].dtype == np.float32
    assert answer.report == {"sum": 3}
    assert [event["done"] for event in told] == [1, 2, 3]


def test_a_side_that_raises_is_quoted() -> None:
    with pytest.raises(WorkerFailed, match=r"(?s)oracle: exit status 1.*RuntimeError: out of ideas"):
        ask(NUMPY, HERE + "raising", {}, {})


def test_a_side_that_will_not_says_why() -> None:
    with pytest.raises(NotRun, match="not on a Saturday"):
        ask(NUMPY, HERE + "refusing", {}, {})


def test_another_module_that_is_missing_is_a_fault() -> None:
    with pytest.raises(WorkerFailed, match="no_such_package_anywhere"):
        ask(NUMPY, HERE + "lacking", {}, {})


def test_an_interrupt_ends_the_process_too(tmp_path: Path) -> None:
    def interrupt(event: Mapping[str, Any]) -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    path = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        ask(NUMPY, HERE + "sleeping", {}, {"path": str(path)}, interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


@pytest.mark.parametrize("framework", offered("jobs"))
def test_what_a_folder_offers_for_the_jobs_is_in_its_program(framework: str) -> None:
    source = offered("jobs")[framework]
    path = FOLDER.parents[1].joinpath(*source.target.split(".")).with_suffix(".py")
    defined = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert source.functions
    assert set(source.functions) <= defined


def test_a_function_that_two_frameworks_have_is_found_in_both() -> None:
    assert frameworks_with("train") == ("keras-tensorflow", "keras-torch", "keras-jax")
    assert set(frameworks_with("count")) == set(offered("jobs"))
    assert frameworks_with("no such function") == ()
