"""What the suite's own tests share: a case to try, the project in a process of its own, and the script in a message."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

import conformance
from conformance.cases.numbers import distinct_numbers
from conformance.contract import CELL_KINDS, Array, Case
from conformance.running.forking import Forker
from conformance.running.processes import ONE_THREAD

_PRELOADED = ["conformance.suite.preloaded", *(f"conformance.commands.{name}" for name in ("run", "upgrades.record"))]
ROOT = Path(conformance.__file__).parent.parent
HERE = Path(__file__).parent


def example(kind: str = "LSTM", dtype: str = "float64", **options: Any) -> Case:
    """A case in which everything is given: batch 2, time 4, input 3, hidden 5, and no two numbers alike."""
    cell = CELL_KINDS[kind](3, 5, **options)
    rng = np.random.default_rng(0)

    def array(*shape: int) -> Array:
        return distinct_numbers(rng, shape, 0.5, few_digits=True).astype(dtype)

    return Case(
        cell,
        {name: array(*shape) for name, shape in cell.parameter_shapes.items()},
        array(2, 4, 3),
        initial_state=tuple(array(2, 5) for _ in cell.state_names),
        d_outputs=array(2, 4, 5),
        d_state=tuple(array(2, 5) for _ in cell.state_names),
    )


@dataclass
class Running:
    """A process that runs while other tests do. Its output goes to a file, as a pipe that nobody reads fills up."""

    process: subprocess.Popen[str]
    output: IO[str]

    def ended(self) -> tuple[int, str]:
        """Waits for it; its exit status, and what it wrote, errors among it."""
        status = self.process.wait(timeout=300)
        self.output.seek(0)
        return status, self.output.read()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()


def start(*arguments: str, cwd: Path = ROOT, **changes: str) -> Running:
    """Starts Python in a process group of its own, with the project importable from any folder."""
    output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (outlives this function)
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **changes},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Running(process, output)


def python(*arguments: str, cwd: Path = ROOT, **changes: str) -> tuple[int, str]:
    """Runs Python to its end; its exit status, and what it wrote, errors among it."""
    return to_its_end(start(*arguments, cwd=cwd, **changes))


def to_its_end(running: Running) -> tuple[int, str]:
    """Waits for it and closes its output; its exit status, and what it wrote, errors among it."""
    try:
        return running.ended()
    finally:
        running.end()


def start_forked(forking: Forker, arguments: Sequence[str], variables: Mapping[str, str]) -> Running:
    """As `start` does of ``python -m ARGUMENTS``, but forked, in this environment."""
    output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (outlives this function)
    process: Any = forking.fork(arguments, variables, output.fileno(), -1)
    return Running(process, output)


def needs(package: str) -> None:
    """Skips the test where a package is not installed that another process imports: here it would take seconds."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def command(*arguments: str, **changes: str) -> tuple[int, str]:
    """Runs a command of ours to its end, as `python` does with ``-m conformance``, in a process that is forked.

    That has the imports, which take a command half a second. `python` is for the question how a command begins.
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    return to_its_end(start_forked(forker(*_PRELOADED), ["conformance", *arguments], variables))


@cache
def forker(*modules: str, **variables: str) -> Forker:
    """What forks processes that have imported these modules, PyTorch among them or not; it ends with this process."""
    return Forker(modules, {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT), **variables})


def run_forked(*modules: str, **variables: str) -> Any:
    """In place of `running.kept.run_kept`: a process that has imported these modules, most of what a short one does."""

    def run(command: Sequence[str], limit: float, stdout: Any, stderr: Any, env: Mapping[str, str]) -> Any:
        process = forker(*modules, **variables).fork(command[2:], env, stdout.fileno(), -1)
        return subprocess.CompletedProcess(command, process.wait(limit))

    return run


def processes_with(variable: str, value: str) -> list[int]:
    """The processes that were started with this environment variable, and that have not ended."""
    wanted = f"{variable}={value}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has just ended, or is another user's
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def run_alone(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Saves a printed script and runs it from that folder, isolated: no PYTHONPATH, nothing of this project."""
    path = folder / "reproduce.py"
    path.write_text(script)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KERAS"))}
    return subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=folder,
        env=bare,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def script_in(message: str) -> str:
    """The script that a failure's message holds."""
    _, _, rest = message.partition("--- a script that reproduces it, without this project ---\n")
    script, end, _ = rest.partition("--- end of script ---")
    assert end, f"no script in the message:\n{message}"
    return script
