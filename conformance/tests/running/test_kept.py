"""A command that is kept ends with its parent and all that it has started, and so does a pool's process."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path
from subprocess import PIPE, TimeoutExpired

import pytest

import conformance
from conformance.running.kept import Kept, run_kept
from conformance.running.processes import subprocess_environment

from ..support import processes_with, start
from .test_processes import MARK, wait_for

STARTS_ANOTHER = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
"""


def marked(mark: object) -> dict[str, str]:
    return subprocess_environment(**{MARK: str(mark)})


def test_it_is_run_as_subprocess_runs_a_command() -> None:
    script = "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)"
    done = run_kept([sys.executable, "-c", script], "said", stdout=PIPE, stderr=PIPE, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said\n", "no\n")


def test_its_standard_input_is_empty_where_none_is_given() -> None:
    done = run_kept([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"], stdout=PIPE, text=True)
    assert done.stdout == "''\n"


def test_a_limit_ends_it_with_all_that_it_has_started(tmp_path: Path) -> None:
    with pytest.raises(TimeoutExpired):
        run_kept([sys.executable, "-c", STARTS_ANOTHER], limit=1, env=marked(tmp_path))
    assert not processes_with(MARK, str(tmp_path))


def test_signals_are_passed_on_to_it(tmp_path: Path) -> None:
    script = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(7))\nprint('ready', flush=True)\n"
    with Kept([sys.executable, "-c", script + "time.sleep(600)"], stdout=PIPE, env=marked(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 7
        process.kill()


BEGINS = {
    "a command": f"run_kept([sys.executable, '-c', {STARTS_ANOTHER!r}], env=variables)",
    "a pool of mutants": "multiprocessing.get_context('spawn').Pool(2, end_with_parent).map(time.sleep, [600, 600])",
    "a pool of cases": "list(ProcessPoolExecutor(2, spawn, end_with_parent).map(time.sleep, [600, 600]))",
    "a campaign": "(opened := connected(None, 2)).__enter__().submit(time.sleep, 600).result()",
}


@pytest.mark.parametrize("what", BEGINS)
def test_it_ends_where_its_parent_is_killed(what: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, os, sys, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from conformance.running.campaigns.engine import connected\n"
        "from conformance.running.kept import end_with_parent, run_kept\n"
        f"if __name__ == '__main__':\n    os.environ[{MARK!r}], variables = {str(tmp_path)!r}, dict(os.environ)\n"
        f"    variables, spawn = dict(os.environ), multiprocessing.get_context('spawn')\n    {BEGINS[what]}\n"
    )
    running = start(str(script))
    wait_for(lambda: len(processes_with(MARK, str(tmp_path))) >= 3)
    time.sleep(0.5)  # until they compute
    running.end()
    wait_for(lambda: not processes_with(MARK, str(tmp_path)))


BY_THEMSELVES = {
    "running/keeper.py": "it is what keeps",
    "running/forking.py": "what it forks begins to keep",
    "common/temporary.py": "the shell waits for the end of this process",
    "judging/divergences/scripts.py": "is asked by a process that is kept",
    "implementations/child.py": "is called in a process that is kept",
    "implementations/node.py": "is called in a process that is kept",
    "running/campaigns/engine.py": "Dask's processes end with this one",
    "upgrades/environments/uv.py": "pyenv answers at once",
    "models/files/readers/keras_weights.py": "its alarm ends it",
    "power/benchmark/measuring.py": "it is stopped between its turns, and asks Linux to end it with its parent",
}
"""The files of ours that start processes that are not kept: why."""


def test_whatever_starts_processes_keeps_them() -> None:
    """Printed scripts, and what they are made of, stand alone."""
    room = Path(conformance.__file__).parent
    starts = re.compile(
        r"\bsubprocess\.(run|Popen|call|check_output|check_call)\(|\bos\.(fork|system|popen|spawn\w+)\("
        r"|\bLocalCluster\("
    )
    found = {p.relative_to(room).as_posix() for p in room.rglob("*.py") if starts.search(p.read_text(encoding="utf-8"))}
    ours = {name for name in found if not re.search("^tests/|/scripts/|/programs/", name)}
    assert ours == BY_THEMSELVES.keys(), "use run_kept or Kept"
