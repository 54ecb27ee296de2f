"""The frameworks' side of a job, each in a process of its own: Keras fixes its backend when it is imported.

`ask` starts ``python -m conformance.models.jobs.worker``, hands it arrays and options in files, passes its events on,
and returns its answer. Arrays travel as ``.npz`` without pickle, the rest as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import numpy as np

from ...common.temporary import temporary_folder
from ...contract import Array, NotRun
from ...implementations.finding import offered, source_of
from ...running.kept import Kept
from ...running.processes import subprocess_environment

Event = Mapping[str, Any]


def frameworks_with(function: str) -> tuple[str, ...]:
    """The frameworks whose folders offer that function for the jobs."""
    return tuple(name for name, source in offered("jobs").items() if function in source.functions)


class WorkerFailed(Exception):
    """The framework's process ended without an answer: the last lines of what it wrote."""


@dataclass(frozen=True)
class Answer:
    """What a framework's side returned.

    arrays     by name
    report     the rest, as JSON has it
    versions   package to version
    """

    arrays: Mapping[str, Array]
    report: Mapping[str, Any]
    versions: Mapping[str, str]


def ask(
    framework: str,
    function: str,
    arrays: Mapping[str, Array],
    options: Mapping[str, Any],
    watch: Callable[[Event], None] = lambda event: None,
) -> Answer:
    """Calls a function of the framework's side of the jobs, or a ``package.module:function``, in its process.

    The function gets ``(arrays, options, tell)`` and returns ``(arrays, report)``; each ``tell(**event)`` comes to
    ``watch`` at once. Raises `NotRun` where the framework is not installed, `WorkerFailed` where the process fails.
    An interrupt ends the process too.
    """
    target = function if ":" in function else f"{offered('jobs')[framework].target}:{function}"
    with temporary_folder("conformance-job-") as folder:
        np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
        (folder / "options.json").write_text(json.dumps(dict(options)))
        with (folder / "log.txt").open("wb") as log:
            process = Kept(
                [sys.executable, "-m", "conformance.models.jobs.worker", framework, target, str(folder)],
                env=_environment(framework),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
                text=True,
            )
            assert process.stdout is not None
            try:
                with process.stdout as events:
                    for line in events:
                        watch(json.loads(line))
                status = process.wait()
            finally:
                process.kill()
                process.wait()
        return _answer(framework, folder, status)


def _environment(framework: str) -> dict[str, str]:
    read_on_import = {"JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")}
    return subprocess_environment(**(read_on_import | dict(source_of(framework).environment)))


def _answer(framework: str, folder: Path, status: int) -> Answer:
    report = folder / "report.json"
    if status != 0 or not report.is_file():
        log = (folder / "log.txt").read_text(errors="replace").strip().splitlines()
        raise WorkerFailed(f"{framework}: exit status {status}\n" + "\n".join(f"  {line}" for line in log[-12:]))
    found = json.loads(report.read_text())
    if found["not run"]:
        raise NotRun(found["not run"])
    with np.load(folder / "answer.npz", allow_pickle=False) as stored:
        return Answer(dict(stored), found["report"], found["versions"])
