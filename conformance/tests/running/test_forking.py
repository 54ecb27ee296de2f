"""A process that is forked is as a new interpreter would be, and ends with all that it has started."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.running.forking import Forker
from conformance.running.processes import RecordedProcess, subprocess_environment
from conformance.suite.runner import RunPlan, run_suite

from ..support import processes_with, start
from .test_processes import FORKS, MARK, SCHEMAS, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
Begin = Callable[..., RecordedProcess]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins a script as a forked process, with these arguments and an environment variable of that name."""
    forker = Forker(["json", "conformance.running.events"], subprocess_environment(PYTHONPATH=str(tmp_path)))
    begun: list[RecordedProcess] = []

    def begun_with(script: str, *arguments: str) -> RecordedProcess:
        process, name = RecordedProcess(SCHEMAS), f"asked_{len(begun)}"
        (tmp_path / f"{name}.py").write_text(script)
        begun.append(process)
        given = [str(process.record) if each == "RECORD" else each for each in arguments]
        process.launch([sys.executable, "-m", name, *given], {MARK: str(tmp_path)}, forker)
        return process

    yield begun_with
    for process in begun:
        process.stop()
    forker.end()


def ended(process: RecordedProcess) -> int | None:
    wait_for(lambda: process.status is not None)
    return process.status


def test_it_has_its_arguments_and_its_environment_and_what_was_imported(begin: Begin, tmp_path: Path) -> None:
    said = "import os, sys; print(__name__, sys.argv[1:], dict(os.environ), 'json' in sys.modules, sys.stdin.read())"
    process = begin(said, "one", "--two")
    assert ended(process) == 0
    assert process.printed == f"__main__ ['one', '--two'] {{{MARK!r}: {str(tmp_path)!r}}} True \n"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import os; os._exit(0)", 0),
        ("import os; os.kill(os.getpid(), 11)", -signal.SIGSEGV),
        ("import os; os.kill(os.getppid(), 9); import time; time.sleep(60)", -signal.SIGKILL),
        ("raise ValueError('said')", 1),
    ],
)
def test_it_ends_as_it_does(script: str, status: int, begin: Begin) -> None:
    process = begin(script)
    assert ended(process) == status
    assert ("ValueError: said" in process.printed) == (status == 1)


def test_it_comes_to_the_interpreters_own_end(begin: Begin) -> None:
    process = begin("import atexit; atexit.register(print, 'at exit')")
    assert (ended(process), process.printed) == (0, "at exit\n")


def test_its_record_is_heard_and_it_has_no_other_descriptors(begin: Begin) -> None:
    process = begin(
        "import os, sys\n"
        "from conformance.running.events import append_event, record_named\n"
        "record = record_named(sys.argv[1])\n"
        "append_event(record, event='said', word='one')\n"
        "print(sorted(set(map(int, os.listdir('/proc/self/fd'))) - {0, 1, 2, record}))\n",
        "RECORD",
    )
    assert ended(process) == 0
    assert [event["word"] for event in process.new_events()] == ["one"]
    assert len(process.printed.split(",")) == 1, process.printed  # that of the listing itself


def test_several_at_once_are_told_apart(begin: Begin) -> None:
    begun = [begin(f"import sys; print({k}); sys.exit({k})") for k in range(3)]
    assert [(ended(process), process.printed) for process in begun] == [(0, "0\n"), (1, "1\n"), (2, "2\n")]


def test_it_ends_with_what_has_left_its_group_when_it_is_stopped(begin: Begin, tmp_path: Path) -> None:
    script = "import os, subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])"
    process = begin(script, FORKS.format(seconds=600))
    wait_for(lambda: len(processes_with(MARK, str(tmp_path))) == 2)  # those that are no forks
    process.stop()
    assert (process.status, processes_with(MARK, str(tmp_path))) == (-signal.SIGKILL, [])


def test_all_end_where_the_process_that_asked_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asked.py").write_text("import time; time.sleep(600)")
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\n"
        "from conformance.running.forking import Forker\n"
        "forker = Forker(['json'], os.environ)\n"
        "kept = forker.fork(['asked'], os.environ, 1, -1)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    path = os.pathsep.join([str(tmp_path), *subprocess_environment()["PYTHONPATH"].split(os.pathsep)])
    monkeypatch.setenv(MARK, str(tmp_path))
    running = start(str(script), PYTHONPATH=path)
    try:
        wait_for(lambda: len(processes_with(MARK, str(tmp_path))) >= 5)  # two that keep, the forking one, two
        time.sleep(0.2)
    finally:
        running.end()
    wait_for(lambda: not processes_with(MARK, str(tmp_path)))


def test_where_nothing_can_be_forked_a_new_interpreter_begins(tmp_path: Path) -> None:
    forker = Forker(["json"], subprocess_environment())
    forker.end()
    process = RecordedProcess(SCHEMAS)
    (tmp_path / "asked.py").write_text("print('said')")
    path = subprocess_environment(PYTHONPATH=str(tmp_path))
    process.launch([sys.executable, "-m", "asked"], path, forker)
    assert (ended(process), process.printed) == (0, "said\n")


def test_a_run_of_many_says_of_each_what_a_run_of_it_alone_says() -> None:
    where = "conformance.tests.support.planted_failures"
    names = tuple(f"{where}:{name}" for name in ("Small", "Exits", "Small"))

    def said(*which: str) -> list[list[object]]:
        processes, _ = run_suite(RunPlan(which, cases=4, jobs=2), lambda _: None)
        return [[(event["test"], event["families"]) for event in one.of_kind("case")] for one in processes]

    many, alone = said(*names), said(names[0])
    assert many[0] == many[2] == alone[0] != []
    assert many[1] == []
