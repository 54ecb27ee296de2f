"""What a hostile plug-in of `hostile_zoo` does in the middle of a call, and the verdicts that are right."""

from __future__ import annotations

import atexit
import ctypes
import gc
import locale
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FINE, WRONG, CRASHED, SILENT, REFUSED = ("agrees",), ("DIVERGES",), ("CRASHED",), ("no answer",), ("MISDECLARED",)
SEEN = (*WRONG, *CRASHED, *SILENT)  # whichever comes first, but never "agrees"
Action = Callable[[Any], Any]


class Told(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def raised(error: BaseException) -> None:
    raise error


def _recurse(case: Any) -> Any:
    return _recurse(case)


def _busy(case: Any) -> None:
    while True:
        pass


def _fork(case: Any) -> None:
    """Leaves a child behind that has left its group, and swallows what it is told."""
    if not os.fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)


def _write_everywhere(case: Any) -> None:
    for descriptor in range(1, 64):
        try:
            os.write(descriptor, b"\0garbage\xff")
        except OSError:
            continue


def _end_stubbornly(case: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(600)


def _leave_folder(case: Any) -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)


def _delete_temporary_files(case: Any) -> None:
    for path in Path(tempfile.gettempdir()).glob("conformance-*"):
        shutil.rmtree(path, ignore_errors=True)


def _patch(target: Any, name: str, value: Any) -> Action:
    return lambda case: setattr(target, name, value)


def _patch_ours(module: str, name: str, value: Any) -> Action:
    return lambda case: setattr(sys.modules[module], name, value)


ACTIONS: dict[str, tuple[Action, tuple[str, ...]]] = {
    "exit_0": (lambda case: os._exit(0), CRASHED),
    "exit_1": (lambda case: os._exit(1), CRASHED),
    "sys_exit_0": (lambda case: sys.exit(0), WRONG),
    "sys_exit_text": (lambda case: sys.exit("bye"), WRONG),
    "base_exception": (lambda case: raised(BaseException("base")), WRONG),
    "generator_exit": (lambda case: raised(GeneratorExit()), WRONG),
    "stop_iteration": (lambda case: raised(StopIteration()), WRONG),
    "keyboard_interrupt": (lambda case: raised(KeyboardInterrupt()), CRASHED),
    "memory_error": (lambda case: raised(MemoryError()), WRONG),
    "skips": (lambda case: pytest.skip("not today"), WRONG),
    "pytest_exit": (lambda case: pytest.exit("enough", 0), WRONG),
    "unittest_skip": (lambda case: raised(unittest.SkipTest("not today")), WRONG),
    "error_without_text": (lambda case: raised(Told()), WRONG),
    "error_of_240_kB": (lambda case: raised(ValueError("x" * 240_000)), WRONG),
    "error_of_many_lines": (lambda case: raised(ValueError("x\n" * 100_000)), WRONG),
    "error_with_markup": (lambda case: raised(ValueError("[/red]\x1b[31m\x00")), WRONG),
    "recursion": (_recurse, WRONG),
    "killed": (lambda case: os.kill(os.getpid(), signal.SIGKILL), CRASHED),
    "terminated": (lambda case: os.kill(os.getpid(), signal.SIGTERM), CRASHED),
    "segfault": (lambda case: os.kill(os.getpid(), signal.SIGSEGV), CRASHED),
    "aborts": (lambda case: os.abort(), CRASHED),
    "kills_its_group": (lambda case: os.killpg(0, signal.SIGKILL), CRASHED),
    "kills_its_parent": (lambda case: os.kill(os.getppid(), signal.SIGKILL), CRASHED),
    "closes_descriptors": (lambda case: os.closerange(3, 256), CRASHED),
    "writes_to_all_descriptors": (_write_everywhere, CRASHED),
    "sleeps": (lambda case: time.sleep(600), SILENT),
    "is_busy": (_busy, SILENT),
    "waits_for_a_lock": (lambda case: [lock := threading.Lock(), lock.acquire(), lock.acquire()], SILENT),
    "waits_for_a_process": (lambda case: subprocess.run(["sleep", "600"], check=False), SILENT),
    "keeps_the_interpreter": (lambda case: ctypes.PyDLL(None).sleep(600), SILENT),
    "swallows_signals": (_end_stubbornly, SILENT),
    "hangs_at_exit": (lambda case: atexit.register(time.sleep, 600), SILENT),
    "thread_that_stays": (lambda case: threading.Thread(target=time.sleep, args=(600,)).start(), SILENT),
    "thread_that_goes_on": (lambda case: threading.Thread(target=time.sleep, args=(600,), daemon=True).start(), FINE),
    "forks_and_outlives": (_fork, FINE),
    "starts_a_process": (lambda case: subprocess.Popen(["sleep", "600"], start_new_session=True), FINE),
    "both_go_on_after_a_fork": (lambda case: os.fork(), FINE),
    "prints_100_MB": (lambda case: [os.write(1, b"x" * 10**6) for _ in range(100)], FINE),
    "hogs_memory": (lambda case: np.ones(2 * 10**7), FINE),
    "floating_point_errors": (lambda case: np.seterr(all="raise", under="ignore"), FINE),
    "warnings_are_errors": (lambda case: warnings.simplefilter("error"), FINE),
    "leaves_the_folder": (_leave_folder, FINE),
    "changes_locale": (lambda case: locale.setlocale(locale.LC_ALL, "C"), FINE),
    "clears_the_environment": (lambda case: os.environ.clear(), FINE),
    "changes_seeds": (lambda case: [random.seed(0), np.random.seed(0)], FINE),
    "forbids_recursion": (lambda case: sys.setrecursionlimit(len(__import__("inspect").stack()) + 50), FINE),
    "print_options": (lambda case: np.set_printoptions(precision=1, threshold=2), FINE),
    "disables_garbage_collection": (lambda case: gc.disable(), FINE),
    "deletes_temporary_files": (_delete_temporary_files, FINE),
    "patches_abs": (_patch(np, "abs", lambda x: np.zeros(np.shape(x))), SEEN),
    "patches_isfinite": (_patch(np, "isfinite", lambda x: np.zeros(np.shape(x), bool)), SEEN),
    "patches_where": (_patch(np, "where", lambda *a: np.zeros(np.shape(a[0]))), SEEN),
    "replaces_tanh": (_patch(np, "tanh", lambda x, *_, **__: np.clip(x, -1, 1)), SEEN),
    "patches_compare": (
        _patch_ours(
            "conformance.judging.verdict",
            "compare",
            lambda q, *a: sys.modules["conformance.judging.verdict"].Comparison(q, 9, 0.0, (0,)),
        ),
        SEEN,
    ),
    "patches_check": (
        lambda case: setattr(sys.modules["conformance.suite.session"].Session, "check", lambda *a: None),
        SEEN,
    ),
}
