"""Processes that are forked from one that has imported what all of them need: else imports are half of a short one.

`Forker` starts it, as ``python -m conformance.running.forking SOCKET MODULE…``. For each process it gets a message with
what it is to be: the arguments of ``python -m``, the environment, and descriptors. A forked process keeps its like
(`keeper.keep`), which goes on as a new interpreter would. No framework is among the modules: what forks has no thread
but its own, so that a fork is safe.
"""

from __future__ import annotations

import array
import fcntl
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from . import keeper
from .kept import Kept

_LONGEST = 2**20  # bytes of a message: arguments and an environment


class Forked:
    """A process that was forked, as `subprocess.Popen` has it."""

    def __init__(self, life: int, told: int) -> None:
        self._life, self._told = life, told
        self._said = b""
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; `subprocess.TimeoutExpired` where it has not after so many seconds."""
        status = self._ended_within(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0.0)
        return status

    def kill(self) -> None:
        """Ends it with everything that it has started."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def send_signal(self, number: int) -> None:
        """Sends a signal to the process that keeps it."""
        keeper_, _, _ = self._said.partition(b"\n")
        if self.poll() is None and keeper_:
            os.kill(int(keeper_), number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _ended_within(self, seconds: float | None) -> int | None:
        while self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            said = os.read(self._told, 64)
            self._said += said
            if not said:  # whoever keeps it has ended: a status came before, or it was killed
                os.close(self._told)
                self.kill()
                _, status, *_ = [*self._said.splitlines(), b"", b""]
                self.returncode = os.waitstatus_to_exitcode(int(status)) if status else -signal.SIGKILL
        return self.returncode


class Forker:
    """Forks processes that have imported these modules. ``variables`` are those of the environment of all of them."""

    def __init__(self, modules: Sequence[str], variables: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", __name__, str(theirs.fileno()), *modules]
        silent = subprocess.DEVNULL
        self._process = Kept(command, theirs.fileno(), stdin=silent, stdout=silent, stderr=silent, env=dict(variables))
        theirs.close()

    def fork(self, arguments: Sequence[str], variables: Mapping[str, str], output: int, inherited: int) -> Forked:
        """A process that is ``python -m ARGUMENTS``, with this environment.

        output      a descriptor: its standard output and error
        inherited   a descriptor that it has under the same number; -1: none

        Raises `OSError` where there is nothing to fork any more, or the environment is too long for a message.
        """
        life, our_life = os.pipe()
        our_told, told = os.pipe()
        content = json.dumps([list(arguments), dict(variables), inherited]).encode()
        given = [life, told, output, *([inherited] if inherited >= 0 else [])]
        try:
            self._socket.sendmsg([content], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))])
        except OSError:
            os.close(our_life)
            os.close(our_told)
            raise
        finally:
            os.close(life)
            os.close(told)
        return Forked(our_life, our_told)

    def end(self) -> None:
        """Ends what has been forked, too."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _serve(requests: socket.socket) -> list[str]:
    """Forks a process for each message; returns in each of them, with the arguments of ``python -m``."""
    while True:
        content, given, _, _ = socket.recv_fds(requests, _LONGEST, 4)
        if not content:
            sys.exit()
        while _one_has_ended():
            pass
        if not os.fork():
            requests.close()
            arguments, variables, number = json.loads(content)
            _begin(given, number)
            os.environ.clear()
            os.environ.update(variables)
            found: list[str] = arguments
            return found
        for each in given:
            os.close(each)


def _one_has_ended() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] > 0
    except ChildProcessError:
        return False


def _begin(given: Sequence[int], number: int) -> None:
    """Puts the descriptors where they belong, and keeps a process that goes on."""
    life, told, output, *inherited = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, max(number, 2) + 1) for each in given]
    for each in given:
        os.close(each)
    for where in (1, 2):
        os.dup2(output, where)
    os.close(output)
    if inherited:
        os.dup2(inherited[0], number)
        os.close(inherited[0])
    os.write(told, b"%d\n" % os.getpid())
    keeper.keep(life, number, told)
    os.close(life)
    os.close(told)


if __name__ == "__main__":
    where, *modules = sys.argv[1:]
    requests = socket.socket(fileno=int(where))
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()  # so that the memory stays shared
    sys.argv = _serve(requests)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
