"""The processes that frameworks run in: Keras fixes its backend when it is imported, and a framework may crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ..implementations.finding import source_of
from .events import LONGEST, Record, SpoiledRecord, read_events
from .forking import Forked, Forker
from .kept import Kept

_POLL_SECONDS = 0.2
_PATIENCE = 10.0  # seconds for a process that has been told to end
_KEPT_OF_LOG = 2**18  # bytes

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


class KeptProcess:
    """A process that is `Kept`. Of what it prints the end is kept too."""

    def __init__(self) -> None:
        self.process: Kept | Forked | None = None
        self._printed = b""
        self._readers: list[threading.Thread] = []

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs or waits."""
        return None if self.process is None else self.process.poll()

    @property
    def printed(self) -> str:
        """The end of what it has printed; all of it once it has ended."""
        self._finish_reading()
        return self._printed.decode(errors="replace")

    @property
    def log_tail(self) -> list[str]:
        """The last lines that it printed, three at most."""
        return self.printed.strip().splitlines()[-3:]

    def launch(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Starts it with these environment variables."""
        self._launch(command, variables, -1)

    def _launch(
        self, command: Sequence[str], variables: Mapping[str, str], inherited: int, forker: Forker | None = None
    ) -> None:
        self.stop()  # what it was before
        log, written = os.pipe()
        self._printed = b""
        forked, silent = None, subprocess.DEVNULL
        if forker is not None:
            with suppress(OSError):
                forked = forker.fork(command[2:], variables, written, inherited)
        self.process = forked or Kept(command, inherited, stdin=silent, stdout=written, stderr=written, env=variables)
        os.close(written)
        self._readers = [_read_aside(log, self._keep)]

    def _keep(self, printed: bytes) -> None:
        self._printed = (self._printed + printed)[-_KEPT_OF_LOG:]

    def _finish_reading(self) -> None:
        """Waits until all is read of a process that has ended, and so has all that it started."""
        if self.status is not None:
            for reader in self._readers:
                reader.join(_PATIENCE)

    def stop(self) -> None:
        """Ends it with everything that it has started."""
        if self.process is not None:
            self.process.kill()
            try:
                self.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()


class RecordedProcess(KeptProcess):
    """A process that reports through a record (`events`): a pipe, each line of which is checked.

    schemas   kind of event to its schema; an event of another kind is none
    kept      a file that is the record, where it is to stay
    """

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]], kept: Path | None = None) -> None:
        super().__init__()
        self.schemas = schemas
        self._kept, self._taken = kept, 0
        self.spoiled = ""
        """Why the record cannot be read any further; empty where it can."""
        self._record, self._written = -1, -1
        self._lines: deque[bytes] = deque()
        self._part = b""

    @property
    def record(self) -> Record:
        """The file, or the descriptor in the process that is launched next."""
        if self._kept is not None:
            return self._kept
        if self._written < 0:
            self._record, self._written = os.pipe()
        return self._written

    def launch(self, command: Sequence[str], variables: Mapping[str, str], forker: Forker | None = None) -> None:
        """Starts it with these environment variables. One of the arguments is the number of the `record`.

        forker   forks it if it can; the command is then Python with ``-m``
        """
        if isinstance(self.record, Path):
            return self._launch(command, variables, -1, forker)
        self._launch(command, variables, self.record, forker)
        os.close(self._written)
        self._written, self._part = -1, b""
        self._readers.append(_read_aside(self._record, self._split))

    def launch_worker(
        self, module: str, arguments: Sequence[object], implementation: str, interpreter: str | Path = sys.executable
    ) -> None:
        """Starts a module of this project that asks the implementation, on the CPU and one thread."""
        command = [str(interpreter), "-W", "ignore", "-m", module, *map(str, arguments)]
        variables = ONE_THREAD | WITHOUT_GPU | dict(source_of(implementation).environment)
        self.launch(command, subprocess_environment(**variables))

    def new_events(self) -> Iterator[dict[str, Any]]:
        """The record's new events, up to a line that is spoiled; a line that is still being written waits."""
        self._finish_reading()
        try:
            yield from () if self.spoiled else read_events(self._new_lines(), self.schemas)
        except SpoiledRecord as error:
            self.spoiled = str(error)

    def _new_lines(self) -> Iterator[bytes]:
        if self._kept is not None and self._kept.exists():
            with self._kept.open("rb") as lines:
                lines.seek(self._taken)
                written = lines.read().rpartition(b"\n")[0]
            self._taken += len(written) + bool(written)
            self._lines.extend(written.splitlines())
        while self._lines:
            yield self._lines.popleft()

    def _split(self, written: bytes) -> None:
        *lines, self._part = (self._part + written).split(b"\n")
        if len(self._part) > LONGEST:
            lines, self._part = [*lines, self._part[:_KEPT_OF_LOG]], b""
        self._lines.extend(lines)


def _read_aside(descriptor: int, take: Callable[[bytes], None]) -> threading.Thread:
    """Reads a pipe in a thread, as a process that writes into a full one waits."""

    def read() -> None:
        with open(descriptor, "rb", buffering=0) as pipe:
            while chunk := pipe.read(2**16):
                take(chunk)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return reader


def log_tail(log: Path) -> list[str]:
    """The last lines of what a process printed, three at most."""
    return log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []


P = TypeVar("P", bound=KeptProcess)


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
