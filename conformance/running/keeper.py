"""Keeps a process: starts it in a session of its own, and ends it with everything that it has started.

``python -I -S keeper.py LIFE INHERITED COMMAND…``

LIFE       the descriptor of a pipe whose other end the parent holds. When that end closes, as when the parent is
           killed, the process ends
INHERITED  a descriptor that the command inherits, and this process does not keep; -1: none

It ends as the command does. It runs before anything of ours is imported, so it needs the standard library alone. What
has left the process group is found by Linux: there an orphan becomes a child of this process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_PATIENCE = 5.0  # seconds for what has left the group: a process that forks faster than it is killed ends it
_NOT_STARTED = 127  # the shell's status of a command that was not found


def main(arguments: Sequence[str]) -> NoReturn:
    """Runs the command to its end, or until the parent is gone."""
    life, inherited, *command = arguments
    os.set_inheritable(int(life), False)
    keep(int(life), int(inherited))
    _become(command)


def keep(life: int, inherited: int, told: int = -1) -> None:
    """Forks this process, and returns in the new one alone; this one keeps it, and ends as it does.

    told   a descriptor to which it writes how the new process ended, in its parent's words of `os.waitpid`; -1: none
    """
    _control(_PR_SET_CHILD_SUBREAPER, 1)
    process = os.fork()
    if not process:
        os.setsid()
        _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    if inherited >= 0:
        os.close(inherited)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(process, number))
    threading.Thread(target=_end_with_parent, args=(life, process), daemon=True).start()
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    _end_group(process)  # before its number is free for another
    _, status = os.waitpid(process, 0)
    _end_orphans()
    if told >= 0:
        os.write(told, b"%d\n" % status)
    _end_likewise(status)


def _become(command: list[str]) -> NoReturn:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_NOT_STARTED)


def _control(option: int, value: int) -> None:
    """Asks Linux; other systems have no such request."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_with_parent(life: int, process: int) -> None:
    os.read(life, 1)  # nothing is ever written: it returns when the other end is closed
    _end_group(process)


def _end_group(process: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it may not have made its group yet
        os.kill(process, signal.SIGKILL)


def _end_orphans() -> None:
    """Ends what has left the group, with all that it has started."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for process in _descendants():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.005)


def _descendants() -> list[int]:
    """All processes below this one; none where there is no /proc."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            parents[int(path.parent.name)] = int(path.read_bytes().rpartition(b")")[2].split()[1])
    found: list[int] = []
    generation = {os.getpid()}
    while generation := {process for process, parent in parents.items() if parent in generation}:
        found += generation
    return found


def _end_likewise(status: int) -> NoReturn:
    """Ends with the same status, or by the same signal."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 255)


if __name__ == "__main__":
    main(sys.argv[1:])
