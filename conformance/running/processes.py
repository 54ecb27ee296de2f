"""The processes that frameworks run in: Keras fixes its backend when it is imported, and a framework may crash."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

_POLL_SECONDS = 0.2

THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""The variables that say how many threads a framework takes."""
ONE_THREAD = dict.fromkeys(THREADS, "1")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
"""Keras's backends take a GPU that they see, whatever a table would say."""
ON_GPU = {
    "JAX_PLATFORMS": "",  # whatever there is: the CPU too, whose answers stand beside
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share the memory
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "CUBLAS_WORKSPACE_CONFIG": ":16:8",  # else cuBLAS is not deterministic, whatever is asked for
}
"""What the processes of a run on CUDA need to have in common."""


def environment(**more: str) -> dict[str, str]:
    """This process's environment, changed so that ``python -m conformance…`` finds this package, and with ``more``."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def append(record: Path | None, **event: Any) -> None:
    """Adds one line to a record."""
    if record is not None:
        with record.open("a") as lines:
            lines.write(json.dumps(event) + "\n")


class Recorded:
    """A process that tells what it does in a record, a line of JSON at a time; what it prints goes to a log."""

    def __init__(self, record: Path, log: Path) -> None:
        self.record = record
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._read = 0

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs or waits."""
        return None if self.process is None else self.process.poll()

    def begin(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Starts it with these environment variables."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables)

    def told(self) -> Iterator[dict[str, Any]]:
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
    def last_lines(self) -> list[str]:
        """The last that it printed, three lines at most."""
        return last_lines(self.log)

    def stop(self) -> None:
        """Ends it where it has not ended."""
        if self.process is not None and self.status is None:
            self.process.kill()
            self.process.wait()


def last_lines(log: Path) -> list[str]:
    """The last lines of what a process printed, three at most."""
    return log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []


R = TypeVar("R", bound=Recorded)


def in_turn(waiting: deque[R], jobs: int, start: Callable[[R], None]) -> Iterator[list[tuple[R, bool]]]:
    """Starts those that wait, so many at a time, and tells which run, again and again until none is left.

    With each comes whether it has ended, which is told once; then it may be put among those that wait again.
    """
    running: list[R] = []
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
