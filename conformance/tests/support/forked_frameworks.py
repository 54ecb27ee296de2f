"""Processes that are forked from one that has imported a framework, which takes seconds.

`kept` and `run` stand in for what starts an interpreter: `running.kept.Kept` in jobs, ``run_kept`` in trainings. No
framework has computed anything before it is forked, so that none has a thread.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import IO, Any

from conformance.implementations.finding import offered, source_of
from conformance.running.forking import Forker
from conformance.running.kept import Kept, run_kept
from conformance.running.processes import subprocess_environment

from . import ROOT, Running, forker, start, start_forked, to_its_end

_READ_ON_IMPORT = {"JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def importing(framework: str) -> Forker | None:
    """What forks processes that have imported that framework; None where it is not installed."""
    source = source_of(framework)
    if not all(find_spec(package) for package in source.packages):
        return None
    sides = [offered(what)[framework].target for what in ("jobs", "training") if framework in offered(what)]
    return forker("conformance.tests.support", *source.packages, *sides, **_variables(framework))


def start_with(framework: str, *arguments: str) -> Running:
    """``python -m ARGUMENTS`` with that framework imported, or as it begins where that is not installed."""
    forking, variables = importing(framework), _variables(framework)
    if forking is None:
        return start("-m", *arguments, cwd=ROOT, **variables)
    return start_forked(forking, arguments, subprocess_environment(**variables))


def kept(command: Sequence[str], *, env: Mapping[str, str], stdout: int, stderr: IO[bytes], **options: Any) -> Any:
    """A process of ``python -m conformance.models.jobs.worker FRAMEWORK …`` whose output is read as it comes."""
    forking = importing(command[3])
    if forking is None:
        return Kept(command, env=env, stdout=stdout, stderr=stderr, **options)
    _check_environment(command[3], env)
    ours, theirs = os.pipe()
    module = "conformance.tests.support.errors_apart"
    try:
        process = forking.fork([module, str(stderr.name), *command[2:]], env, theirs, -1)
    finally:
        os.close(theirs)
    return SimpleNamespace(stdout=os.fdopen(ours), wait=process.wait, kill=process.kill)


def run(command: Sequence[str], *, env: Mapping[str, str], **options: Any) -> subprocess.CompletedProcess[Any]:
    """``python -m conformance.models.training.worker FRAMEWORK …``, to its end."""
    if importing(command[3]) is None:
        return run_kept(command, env=env, **options)
    _check_environment(command[3], env)
    status, said = to_its_end(start_with(command[3], *command[2:]))
    return subprocess.CompletedProcess(command, status, "", said)


def _variables(framework: str) -> dict[str, str]:
    return _READ_ON_IMPORT | dict(source_of(framework).environment)


def _check_environment(framework: str, variables: Mapping[str, str]) -> None:
    """Whoever starts an interpreter has to say what the framework reads on import; what is forked has it already."""
    wanted = dict(source_of(framework).environment)
    assert wanted.items() <= variables.items(), f"{framework}: expected {wanted} among the variables"
