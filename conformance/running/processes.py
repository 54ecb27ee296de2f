"""The processes that frameworks run in: Keras fixes its backend when it is imported, and a framework may crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..implementations.finding import source_of

_POLL_SECONDS = 0.2

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""The environment variables that set how many threads a framework uses."""
ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
"""Hides the GPU: Keras's backends use any that they see."""
ON_GPU = {
    "JAX_PLATFORMS": "",  # every platform that is there: answers of the CPU are compared with the device's
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share the memory
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "CUBLAS_WORKSPACE_CONFIG": ":16:8",  # without it cuBLAS is not deterministic, whatever else is set
}
"""The environment variables of the processes of a run on CUDA."""


def subprocess_environment(**more: str) -> dict[str, str]:
    """This process's environment with ``more``, and a path on which ``python -m conformance`` finds this package."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def append_event(record: Path | None, **event: Any) -> None:
    """Appends an event to a record, as a line of JSON; does nothing without a record."""
    if record is not None:
        with record.open("a") as lines:
            lines.write(json.dumps(event) + "\n")


class RecordedProcess:
    """A process that reports through a record, one event a line of JSON; what it prints goes to a log."""

    def __init__(self, record: Path, log: Path) -> None:
        self.record = record
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._read = 0

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs or waits."""
        return None if self.process is None else self.process.poll()

    def launch(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Starts it with these environment variables."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)

    def launch_worker(
        self, module: str, arguments: Sequence[object], implementation: str, interpreter: str | Path = sys.executable
    ) -> None:
        """Starts a module of this project that asks the implementation, on the CPU and one thread."""
        command = [str(interpreter), "-W", "ignore", "-m", module, *map(str, arguments)]
        variables = ONE_THREAD | WITHOUT_GPU | dict(source_of(implementation).environment)
        self.launch(command, subprocess_environment(**variables))

    def new_events(self) -> Iterator[dict[str, Any]]:
        """The record's new lines; a line that is still being written waits."""
        if not self.record.exists():
            return
        with self.record.open("rb") as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                yield json.loads(line)

    @property
    def log_tail(self) -> list[str]:
        """The last lines that it printed, three at most."""
        return log_tail(self.log)

    def stop(self) -> None:
        """Kills it, unless it has ended."""
        if self.process is not None and self.status is None:
            self.process.kill()
            self.process.wait()


def log_tail(log: Path) -> list[str]:
    """The last lines of what a process printed, three at most."""
    return log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []


P = TypeVar("P", bound=RecordedProcess)


def poll_until_done(waiting: deque[P], jobs: int, start: Callable[[P], None]) -> Iterator[list[tuple[P, bool]]]:
    """Starts the waiting processes, ``jobs`` at a time, and yields those that run, a few times a second.

    With each comes whether it has ended. It comes so once; then the caller may append it to ``waiting`` again.
    """
    running: list[P] = []
    while True:
        while len(running) < jobs and waiting:
            running.append(waiting.popleft())
            start(running[-1])
        if not running:
            return
        time.sleep(_POLL_SECONDS)
        seen = [(one, one.status is not None) for one in running]
        yield seen
        running = [one for one, ended in seen if not ended]
