"""Calls of uv: find a CPython, list releases, make an environment, install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from ...running.kept import run_kept

_TAIL = 12


class UvFailed(Exception):
    """A call of uv failed: what it was for, and the last lines of its output."""

    def __init__(self, purpose: str, output: str) -> None:
        self.output_tail = "\n".join(output.strip().splitlines()[-_TAIL:])
        super().__init__(f"{purpose}:\n{self.output_tail}")


def binary() -> str:
    """The uv of the Python package, else the one on ``PATH``; `UvFailed` where there is neither."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise UvFailed("environments are built with uv", "it is not here (pip install 'rnn-conformance[upgrade]')")
    return found


def python(minor: str) -> str:
    """The path of a CPython of this minor release, as ``3.12``; `UvFailed` where none is on this machine."""
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    return _run_uv(
        f"CPython {minor} is not on this machine", ["python", "find", minor], PYENV_VERSION=_pyenv_versions()
    )


def newest(requirement: str, minor: str) -> str:
    """The requirement pinned to its newest release that this CPython can have, as ``keras==3.15.1``.

    uv asks the index that it is configured for, and leaves out yanked releases, and pre-releases unless the requirement
    names one or there is nothing else. `UvFailed` where there is none.
    """
    command = ["pip", "compile", "-", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--python-version", minor]
    return _run_uv(f"{requirement}: no such release for CPython {minor}", command, requirement)


def releases(package: str, oldest: str, latest: str, minor: str) -> list[str]:
    """The releases of a package from ``oldest`` to ``latest``, both included where the index has them, oldest first.

    uv has no command that lists them, so it is asked for the newest below the last one found, until there is none. In
    this way its configuration holds, credentials and certificates included.
    """

    def found() -> Iterator[str]:
        limit = f"<={latest}"
        while True:
            try:
                pinned = newest(f"{package}>={oldest},{limit}", minor)
            except UvFailed as nothing:
                if "No solution found" in nothing.output_tail:
                    return
                raise
            (specifier,) = Requirement(pinned).specifier
            release = Version(specifier.version).public
            yield release
            limit = f"<{release}"

    return list(found())[::-1]


def make_environment(folder: Path, interpreter: str) -> None:
    """Makes an empty environment."""
    _run_uv(f"{interpreter}: no environment can be made", ["venv", "--clear", "--python", interpreter, str(folder)])


def install(interpreter: Path, requirements: Sequence[str]) -> None:
    """Installs the requirements; `UvFailed` where they do not exist or do not go together.

    On Linux the package index has the CUDA build of PyTorch, 3 GB. As in tox.ini, a CPU wheel is looked for before it:
    in the folder that uv or pip was told to look in, then in PyTorch's own index. Either may fail; what satisfies one
    step satisfies those after it.
    """
    command = ["pip", "install", "--quiet", "--python", str(interpreter)]
    for torch in (one for one in requirements if Requirement(one).name == "torch"):
        folder = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
        steps = [["--find-links", folder, f"{torch}+cpu"]] if folder and "+" not in torch else []
        for step in (*steps, ["--torch-backend", "cpu", torch]):
            try:
                _run_uv(torch, [*command, *step])
            except UvFailed:
                continue
            break
    _run_uv(f"{requirements[0]} and what goes with it cannot be installed", [*command, *requirements])


def installed_packages(interpreter: Path) -> str:
    """Everything that is installed, pinned, a line each."""
    return _run_uv("uv cannot list what is installed", ["pip", "freeze", "--python", str(interpreter)])


def _pyenv_versions() -> str:
    """All CPythons that pyenv has: its shims hide those that ``PYENV_VERSION`` does not name."""
    if shutil.which("pyenv") is None:
        return ""
    done = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
    return ":".join(done.stdout.split())


def _run_uv(purpose: str, arguments: Sequence[str], standard_input: str = "", **variables: str) -> str:
    """What uv prints; `UvFailed` where it fails. It is killed when this process is interrupted."""
    given = {name: value for name, value in variables.items() if value}
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", **given}
    pipe = subprocess.PIPE
    command = [binary(), *arguments]
    done = run_kept(command, standard_input, stdout=pipe, stderr=pipe, env=environment, text=True)
    if done.returncode:
        raise UvFailed(purpose, done.stderr or done.stdout)
    return str(done.stdout).strip()
