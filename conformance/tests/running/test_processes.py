"""A process that we start ends with all that it has started, and its record is checked line by line."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.running.events import LOST, event_schema
from conformance.running.processes import KeptProcess, RecordedProcess, subprocess_environment

from ..support import ROOT, processes_with

MARK = "CONFORMANCE_TEST_OF_PROCESSES"
SCHEMAS = {"said": event_schema(word={"type": "string"})}
FORKS = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(600)
time.sleep({seconds})
"""


def wait_for(condition: Callable[[], object]) -> None:
    """Waits until it is so, a minute at most."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def launched(script: str, mark: str) -> KeptProcess:
    process = KeptProcess()
    process.launch([sys.executable, "-c", script], subprocess_environment(**{MARK: mark}))
    return process


def test_it_ends_with_what_has_left_its_group_when_it_is_stopped(tmp_path: Path) -> None:
    process = launched(FORKS.format(seconds=600), str(tmp_path))
    wait_for(lambda: len(processes_with(MARK, str(tmp_path))) == 3)  # the keeper, it, and what it has left behind
    process.stop()
    assert (process.status, processes_with(MARK, str(tmp_path))) == (-signal.SIGKILL, [])


def test_it_ends_with_what_has_left_its_group_when_it_ends_by_itself(tmp_path: Path) -> None:
    process = launched(FORKS.format(seconds=1), str(tmp_path))
    wait_for(lambda: process.status is not None)
    assert (process.status, processes_with(MARK, str(tmp_path))) == (0, [])


def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    parent = "import sys, time\nfrom conformance.tests.running.test_processes import *\n"
    parent += f"launched(FORKS.format(seconds=600), {str(tmp_path)!r})\ntime.sleep(600)\n"
    started = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT)
    wait_for(lambda: len(processes_with(MARK, str(tmp_path))) == 3)
    started.kill()
    started.wait()
    wait_for(lambda: not processes_with(MARK, str(tmp_path)))


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 11)", "os.kill(os.getppid(), 9)", "1 / 0"])
def test_its_status_is_its_own(end: str, tmp_path: Path) -> None:
    process = launched(f"import os, time\n{end}\ntime.sleep(600)", str(tmp_path))
    wait_for(lambda: process.status is not None)
    wait_for(lambda: not processes_with(MARK, str(tmp_path)))
    assert process.status in (3, -11, -9, 1)
    assert ("ZeroDivisionError" in process.printed) == (end == "1 / 0")


def test_of_what_it_prints_the_end_is_kept(tmp_path: Path) -> None:
    process = launched("for k in range(10**5): print('x' * 1000)\nprint('the end')", str(tmp_path))
    wait_for(lambda: process.status is not None)
    assert process.log_tail[-1] == "the end"
    assert len(process.printed) < 2**20


def recorded(script: str) -> RecordedProcess:
    """A process that has run this script to its end; the record is ``record`` in it."""
    process = RecordedProcess(SCHEMAS)
    head = "import os, sys\nfrom conformance.running.events import *\nrecord = record_named(sys.argv[1])\n"
    command = [sys.executable, "-c", head + script, str(process.record)]
    process.launch(command, subprocess_environment())
    wait_for(lambda: process.status is not None)
    return process


SAID = "append_event(record, event='said', word='a')\n"


def test_events_come_as_they_were_written() -> None:
    process = recorded(SAID * 2 + "append_event(record, event='said', word='b' * 10**6)")
    assert [len(event["word"]) for event in process.new_events()] == [1, 1, 10**6]
    assert not process.spoiled


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("os.write(record, b'garbage')\n" + SAID, "a line is not JSON: b'garbage{"),
        ("os.write(record, b'\\xff\\x00\\n')", "a line is not JSON"),
        ("os.write(record, b'[' * 10**6 + b'\\n')", "a line is not JSON"),
        ('os.write(record, b\'{"event": "said", "word": NaN}\\n\')', "a line is not JSON"),
        ("os.write(record, b'3\\n')", "a line is no event"),
        ('os.write(record, b\'{"event": ["said"]}\\n\')', "a line is no event"),
        ("append_event(record, event='sad')", "a line is no event"),
        ("append_event(record, event='said')", "'word' is a required property"),
        ("append_event(record, event='said', word=3)", "$.word: 3 is not of type 'string'"),
        ("for fd in range(3, 200):\n  try: os.write(fd, b'\\n')\n  except OSError: pass", "a line is not JSON"),
    ],
)
def test_a_spoiled_line_is_told_and_what_comes_before_it_stays(what: str, why: str) -> None:
    process = recorded(f"{SAID}{what}\n{SAID}")
    assert [event["word"] for event in process.new_events()] == ["a"]
    assert why in process.spoiled
    assert not list(process.new_events())


@pytest.mark.parametrize(
    "what", ["os.close(record)\n", "os.closerange(3, 100)\n", "if not os.fork():\n  " + SAID + "os.wait()\n"]
)
def test_only_the_process_that_began_a_record_writes_it(what: str) -> None:
    process = recorded(SAID + what + "append_event(record, event='said', word='b')")
    words = [event["word"] for event in process.new_events()]
    assert (process.status, words) == ((LOST, ["a"]) if "close" in what else (0, ["a", "b"]))


def test_a_process_that_is_started_does_not_have_the_record() -> None:
    write = "import os; os.write({record}, b'garbage')"
    process = recorded(f'os.system(f"""{{sys.executable}} -c "{write}" """)\n{SAID}')
    assert [event["word"] for event in process.new_events()] == ["a"]
