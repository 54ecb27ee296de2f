"""Calls of a function in a process of its own: some frameworks do not raise, but end the process that they run in."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

_SERVE = f"from {__name__} import serve; serve()"
_TOLD = 300  # characters of a process's last words


class ProcessEnded(RuntimeError):
    """The call ended its process: by which signal or with which status, and the first line that it complained in."""


@dataclass
class Child:
    """A function of a module, called in a process that is started again after a call that ended it."""

    module: str
    name: str
    _process: subprocess.Popen[bytes] | None = None
    _complaints: Any = field(default_factory=tempfile.TemporaryFile)
    _one_at_a_time: Any = field(default_factory=threading.Lock)

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        """What the function returns; `RuntimeError` with the name and message of what it raised, or `ProcessEnded`."""
        with self._one_at_a_time:  # of several threads each gets its own answer
            return self._answered(arguments, settings)

    def _answered(self, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((arguments, settings), process.stdin)
            process.stdin.flush()
            raised, answer = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            status = process.wait()
            self.stop()
            how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
            raise ProcessEnded(f"the process ended {how}: {self._last_words()}") from None
        if raised:
            raise RuntimeError(answer)
        return answer

    def stop(self) -> None:
        """Ends the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.kill()
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._complaints.seek(0)
            self._complaints.truncate()
            command = [sys.executable, "-W", "ignore", "-c", _SERVE, self.module, self.name]
            variables = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "RUST_BACKTRACE": "0"}
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, env=variables
            )
            atexit.register(self.stop)
        return self._process

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return " ".join(line.strip() for line in lines)[:_TOLD]


@cache
def in_a_child(function: Callable[..., Any]) -> Child:
    """The function, to be called in a process of its own, one for each function. It must be found by its name."""
    return Child(function.__module__, function.__name__)


def serve() -> None:
    """Answers the calls that come as pickles on the standard input, until it is closed."""
    module, name = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the framework prints is not taken for an answer
    function = getattr(import_module(module), name)
    while True:
        try:
            arguments, settings = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = False, function(*arguments, **settings)
        except Exception as error:
            answer = True, f"{type(error).__name__}: {error}"
        pickle.dump(answer, answers)
        answers.flush()
