"""Environments built with uv and kept: each is made once, and is there at once when it is asked for again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from ...common.atomic import write_atomically
from . import uv
from .partners import Plan

CACHE = "RNN_CONFORMANCE_ENVIRONMENTS"
"""The environment variable that names another folder to keep environments in."""
_COMPLETE = "conformance.json"
_PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")


def cache_folder() -> Path:
    """Where environments are kept: what the variable says, else this user's cache."""
    named = os.environ.get(CACHE)
    return Path(named).resolve() if named else user_cache_path("rnn-conformance") / "environments"


def environment(plan: Plan, cache: Path | None = None, say: Callable[[str], None] = lambda _: None) -> Path:
    """The interpreter of an environment, which is built where it is not there yet.

    It is known by what was asked for, not by what that resolved to, so that it is found without the network. All that
    computes is pinned; of the rest the newest releases of the day are taken (an ``--exclude-newer`` would make it the
    same for all time, but mirrors and folders of wheels do not tell when a file was uploaded, and there uv gives up).

    An interrupted build is no environment and is built anew; of two processes that want one, the second waits.

    Raises `uv.UvFailed` where uv or the CPython is not here, or something cannot be installed.
    """
    base = uv.python(plan.python)
    asked = [base, *sorted(plan.requirements)]
    digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:12]
    folder = (cache or cache_folder()) / f"{plan.requirement}-py{plan.python}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    interpreter, complete = folder / _PYTHON, folder / _COMPLETE
    with FileLock(f"{folder}.lock"):
        if not (complete.is_file() and interpreter.exists()):  # the CPython beneath may have gone
            say(f"building {plan}")
            started = time.monotonic()
            uv.make(folder, base)
            try:
                uv.install(interpreter, plan.requirements)
            except uv.UvFailed:
                shutil.rmtree(folder)
                raise
            installed = uv.frozen(interpreter).splitlines()
            write_atomically(complete, json.dumps({"asked": asked, "installed": installed}, indent=2) + "\n")
            say(f"built in {time.monotonic() - started:.0f} s: {folder}")
    return interpreter
