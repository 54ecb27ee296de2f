"""Hostile plug-ins, each a line: what it does at its third call or to every answer, and the verdicts that are right."""

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

from .planted_failures import Small

FINE, WRONG, CRASHED, SILENT = ("agrees",), ("DIVERGES",), ("CRASHED",), ("no answer",)
SEEN = (*WRONG, *CRASHED, *SILENT)  # whichever comes first, but never "agrees"
Action = Callable[[Any], Any]


class Told(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def _raise(error: BaseException) -> None:
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
    "base_exception": (lambda case: _raise(BaseException("base")), WRONG),
    "generator_exit": (lambda case: _raise(GeneratorExit()), WRONG),
    "stop_iteration": (lambda case: _raise(StopIteration()), WRONG),
    "keyboard_interrupt": (lambda case: _raise(KeyboardInterrupt()), CRASHED),
    "memory_error": (lambda case: _raise(MemoryError()), WRONG),
    "skips": (lambda case: pytest.skip("not today"), WRONG),
    "pytest_exit": (lambda case: pytest.exit("enough", 0), WRONG),
    "unittest_skip": (lambda case: _raise(unittest.SkipTest("not today")), WRONG),
    "error_without_text": (lambda case: _raise(Told()), WRONG),
    "error_of_240_kB": (lambda case: _raise(ValueError("x" * 240_000)), WRONG),
    "error_of_many_lines": (lambda case: _raise(ValueError("x\n" * 100_000)), WRONG),
    "error_with_markup": (lambda case: _raise(ValueError("[/red]\x1b[31m\x00")), WRONG),
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
    "floating_point_errors": (lambda case: np.seterr(all="raise"), FINE),
    "warnings_are_errors": (lambda case: warnings.simplefilter("error"), FINE),
    "leaves_the_folder": (_leave_folder, FINE),
    "changes_locale": (lambda case: locale.setlocale(locale.LC_ALL, "C"), FINE),
    "clears_the_environment": (lambda case: os.environ.clear(), FINE),
    "changes_seeds": (lambda case: [random.seed(0), np.random.seed(0)], FINE),
    "forbids_recursion": (lambda case: sys.setrecursionlimit(len(__import__("inspect").stack()) + 30), FINE),
    "print_options": (lambda case: np.set_printoptions(precision=1, threshold=2), FINE),
    "disables_garbage_collection": (lambda case: gc.disable(), FINE),
    "deletes_temporary_files": (_delete_temporary_files, FINE),
    "patches_abs": (_patch(np, "abs", lambda x: np.zeros(np.shape(x))), SEEN),
    "patches_isfinite": (_patch(np, "isfinite", lambda x: np.zeros(np.shape(x), bool)), SEEN),
    "patches_where": (_patch(np, "where", lambda *a: np.zeros(np.shape(a[0]))), SEEN),
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

PATCHES = tuple(name for name in ACTIONS if name.startswith("patches"))


def _in_place(change: Callable[[Any], Any], when: Callable[[Any], bool] = lambda case: True) -> Action:
    return lambda case: change(case) if when(case) else None


MUTATIONS: dict[str, Action] = {
    "zeros_a_bias_at_15_steps": _in_place(lambda c: c.params["bias"].fill(0), lambda c: c.x.shape[1] >= 15),
    "zeros_a_bias_at_10_steps": _in_place(lambda c: c.params["bias"].fill(0), lambda c: c.x.shape[1] >= 10),
    "zeros_a_cotangent_at_9_units": _in_place(
        lambda c: c.d_outputs is not None and c.d_outputs.fill(0), lambda c: c.cell.hidden_size >= 9
    ),
    "zeros_a_kernel": _in_place(lambda c: c.params["kernel"].fill(0)),
    "zeros_the_input": _in_place(lambda c: c.x.fill(0)),
    "negates_the_input": _in_place(lambda c: np.negative(c.x, out=c.x)),
    "zeros_the_state": _in_place(lambda c: c.initial_state and c.initial_state[0].fill(0)),
    "clears_the_parameters": _in_place(lambda c: c.params.clear()),
    "replaces_a_parameter": _in_place(lambda c: c.params.update(bias=c.params["bias"] + 1)),
}

OUT = "outputs"
ANSWERS: dict[str, tuple[Callable[[Any, dict[str, Any]], Any], tuple[str, ...]]] = {
    "none": (lambda c, a: None, WRONG),
    "empty": (lambda c, a: {}, WRONG),
    "list": (lambda c, a: list(a.values()), WRONG),
    "nan": (lambda c, a: {n: v * np.nan for n, v in a.items()}, WRONG),
    "infinity": (lambda c, a: {n: v + np.inf for n, v in a.items()}, WRONG),
    "zeros": (lambda c, a: {n: v * 0 for n, v in a.items()}, WRONG),
    "none_in_it": (lambda c, a: {OUT: None}, WRONG),
    "shape": (lambda c, a: {OUT: a[OUT][:, :, :, None]}, WRONG),
    "cut": (lambda c, a: {OUT: a[OUT][:, :-1]}, WRONG),
    "scalar": (lambda c, a: {OUT: 0.5}, WRONG),
    "float32": (lambda c, a: {OUT: a[OUT].astype(np.float32)}, WRONG),
    "objects": (lambda c, a: {OUT: a[OUT].astype(object)}, WRONG),
    "strings": (lambda c, a: {OUT: a[OUT].astype(str)}, WRONG),
    "complex": (lambda c, a: {OUT: a[OUT] + 0j}, WRONG),
    "integers": (lambda c, a: {OUT: a[OUT].astype(int)}, WRONG),
    "masked": (lambda c, a: {OUT: np.ma.masked_array(a[OUT], np.ones(a[OUT].shape, bool))}, WRONG),
    "integer_as_name": (lambda c, a: {3: a[OUT]}, WRONG),
    "unknown_quantity": (lambda c, a: a | {"outptus": a[OUT]}, WRONG),
    "off_by_1e-6": (lambda c, a: {OUT: a[OUT] + 1e-6}, WRONG),
    "off_in_long_sequences": (lambda c, a: {OUT: a[OUT] + 1e-3 * (c.x.shape[1] > 4)}, WRONG),
    "state_of_another_call": (lambda c, a: a | {"state.h": a["state.h"][::-1]}, WRONG),
    "input_as_answer": (lambda c, a: {OUT: c.x}, WRONG),
    "subclass": (lambda c, a: {OUT: a[OUT].view(np.recarray)}, FINE),
    "outputs_alone": (lambda c, a: {OUT: a[OUT]}, FINE),
}


class Hostile(Small):
    """Right, but for what its class says."""

    cells = ({"kind": "SimpleRNN", "activation": ("tanh",), "use_recurrent_bias": (False,)},)
    action: Action | None = None
    mutation: Action | None = None
    change: Callable[[Any, dict[str, Any]], Any] | None = None
    is_wrong = False
    calls = 0

    def observe(self, case: Any) -> Any:
        self.calls += 1
        found = super().observe(case)
        if type(self).action is not None and self.calls == 3:
            type(self).action(case)  # type: ignore[misc]
        if type(self).mutation is not None:
            type(self).mutation(case)  # type: ignore[misc]
        if type(self).change is not None:
            return type(self).change(case, found)  # type: ignore[misc]
        return {name: value + 1 for name, value in found.items()} if self.is_wrong and self.calls > 2 else found


VERDICTS: dict[str, tuple[str, ...]] = {}


def _add(plug_in: str, verdicts: tuple[str, ...], **attributes: Any) -> None:
    VERDICTS[plug_in] = verdicts
    globals()[plug_in] = type(plug_in, (Hostile,), {"name": plug_in, "__module__": __name__, **attributes})


for _name, (_action, _verdicts) in ACTIONS.items():
    _add(_name, _verdicts, action=staticmethod(_action), is_wrong=_name in PATCHES)
for _name, _action in MUTATIONS.items():
    _add(_name, WRONG, mutation=staticmethod(_action))
for _name, (_change, _verdicts) in ANSWERS.items():
    _add(f"answers_{_name.replace('-', '_')}", _verdicts, change=staticmethod(_change))
_add("hangs_when_it_is_made", SILENT, __init__=lambda self: time.sleep(600))
_add("raises_when_it_is_made", CRASHED, __init__=lambda self: _raise(RuntimeError("[/red]")))
_add("exits_when_it_is_made", CRASHED, __init__=lambda self: sys.exit(0))
_add("markup_as_name", FINE, name="[/red]\x1b[31m")
