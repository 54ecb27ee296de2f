"""Building environments with uv, and keeping them: each is built once."""

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
from .compatibility import EnvironmentPlan

CACHE = "RNN_CONFORMANCE_ENVIRONMENTS"
"""The environment variable that names another folder to keep environments in."""
_COMPLETE = "conformance.json"
_PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")


def cache_folder() -> Path:
    """Where environments are kept: the folder that the variable names, else this user's cache."""
    named = os.environ.get(CACHE)
    return Path(named).resolve() if named else user_cache_path("rnn-conformance") / "environments"


def built_interpreter(
    plan: EnvironmentPlan, cache: Path | None = None, report: Callable[[str], None] = lambda _: None
) -> Path:
    """The interpreter of the planned environment, which is built if it is not there yet.

    The folder's name has a digest of what was asked for, not of what that resolved to, so that an environment is found
    without the network. Everything that computes is pinned; the rest are the newest releases of the day. (With
    ``--exclude-newer`` they would be the same for all time, but uv gives up where a mirror or a folder of wheels does
    not say when a file was uploaded.)

    An interrupted build is repeated from the start; of two processes that want one environment, the second waits.

    Raises `uv.UvFailed` where uv or the CPython is not here, or something cannot be installed.
    """
    base = uv.python(plan.python)
    requested = [base, *sorted(plan.requirements)]
    digest = hashlib.sha256("\n".join(requested).encode()).hexdigest()[:12]
    folder = (cache or cache_folder()) / f"{plan.requirement}-py{plan.python}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    interpreter, complete = folder / _PYTHON, folder / _COMPLETE
    with FileLock(f"{folder}.lock"):
        if not (complete.is_file() and interpreter.exists()):  # the CPython beneath may have gone
            report(f"building {plan}")
            started = time.monotonic()
            uv.make_environment(folder, base)
            try:
                uv.install(interpreter, plan.requirements)
            except uv.UvFailed:
                shutil.rmtree(folder)
                raise
            installed = uv.installed_packages(interpreter).splitlines()
            write_atomically(complete, json.dumps({"asked": requested, "installed": installed}, indent=2) + "\n")
            report(f"built in {time.monotonic() - started:.0f} s: {folder}")
    return interpreter
