"""Processes that end with everything that they have started, and with this one, however this one ends (`keeper`)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_KEEPER = str(Path(__file__).with_name("keeper.py"))


class Kept(subprocess.Popen[Any]):
    """`subprocess.Popen` of a command that ends with this process, as when this one is killed.

    Signals that are sent to it are passed on to the command. `kill` ends the command with everything that it has
    started.

    inherited   a descriptor that the command inherits
    """

    def __init__(self, command: Sequence[str], inherited: int = -1, **options: Any) -> None:
        self._life = -1
        if os.name == "nt":  # which has no process groups of this kind
            super().__init__(command, **options)
            return
        life, self._life = os.pipe()
        keeper = [sys.executable, "-I", "-S", _KEEPER, str(life), str(inherited), *command]
        passed = [descriptor for descriptor in (life, inherited) if descriptor >= 0]
        try:
            super().__init__(keeper, pass_fds=passed, start_new_session=True, **options)
        finally:
            os.close(life)

    def kill(self) -> None:
        """Ends it with everything that it has started."""
        if os.name == "nt":
            super().kill()
        elif self._life >= 0:
            os.close(self._life)
            self._life = -1


def run_kept(
    command: Sequence[str], standard_input: Any = None, limit: float | None = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run` of a command that is `Kept`; after so many seconds `subprocess.TimeoutExpired`."""
    options = {"stdin": subprocess.DEVNULL if standard_input is None else subprocess.PIPE, **options}
    with Kept(command, **options) as process:
        try:
            printed, complained = process.communicate(standard_input, limit)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, printed, complained)


def end_with_parent() -> None:
    """What a process of a pool does first: it ends when its parent does, even where that is killed.

    The pool is one of `multiprocessing`'s. An interrupt at the keyboard is the parent's business.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
