"""What uv is asked: where a CPython is, which releases there are, to make an environment, to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

_TAIL = 12


class UvFailed(Exception):
    """What was asked of uv, and the last lines of what it said."""

    def __init__(self, asked: str, said: str) -> None:
        self.said = "\n".join(said.strip().splitlines()[-_TAIL:])
        super().__init__(f"{asked}:\n{self.said}")


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
    return _asked(f"CPython {minor} is not on this machine", ["python", "find", minor], PYENV_VERSION=_pyenv_versions())


def newest(requirement: str, minor: str) -> str:
    """The requirement pinned to its newest release that this CPython can have, as ``keras==3.15.1``.

    It is asked of the index that uv is configured for, which leaves out what was yanked, and pre-releases unless the
    requirement names one or there is nothing else. `UvFailed` where there is none.
    """
    command = ["pip", "compile", "-", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--python-version", minor]
    return _asked(f"{requirement}: no such release for CPython {minor}", command, requirement)


def releases(package: str, oldest: str, latest: str, minor: str) -> list[str]:
    """The releases of a package from ``oldest`` to ``latest``, both included where the index has them, oldest first.

    uv has no command that lists them. It is asked for the newest below the last one found, until there is none: so its
    configuration holds, credentials and certificates included, which a client of our own would have to read anew.
    """

    def found() -> Iterator[str]:
        limit = f"<={latest}"
        while True:
            try:
                pinned = newest(f"{package}>={oldest},{limit}", minor)
            except UvFailed as nothing:
                if "No solution found" in nothing.said:
                    return
                raise
            (specifier,) = Requirement(pinned).specifier
            release = Version(specifier.version).public
            yield release
            limit = f"<{release}"

    return list(found())[::-1]


def make(folder: Path, interpreter: str) -> None:
    """An empty environment."""
    _asked(f"{interpreter}: no environment can be made", ["venv", "--clear", "--python", interpreter, str(folder)])


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
                _asked(torch, [*command, *step])
            except UvFailed:
                continue
            break
    _asked(f"{requirements[0]} and what goes with it cannot be installed", [*command, *requirements])


def frozen(interpreter: Path) -> str:
    """All that is installed, pinned, a line each."""
    return _asked("uv cannot list what is installed", ["pip", "freeze", "--python", str(interpreter)])


def _pyenv_versions() -> str:
    """All CPythons that pyenv has: its shims hide those that ``PYENV_VERSION`` does not name."""
    if shutil.which("pyenv") is None:
        return ""
    done = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
    return ":".join(done.stdout.split())


def _asked(what: str, arguments: Sequence[str], said: str = "", **variables: str) -> str:
    """What uv prints; `UvFailed` where it fails. Interrupted, it is ended too."""
    given = {name: value for name, value in variables.items() if value}
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", **given}
    pipe = subprocess.PIPE
    command = [binary(), *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, text=True) as process:
        try:
            answer, complaint = process.communicate(said)
        except BaseException:
            process.kill()
            process.wait()  # `subprocess.run` would leave it unreaped where it is interrupted
            raise
    if process.returncode:
        raise UvFailed(what, complaint or answer)
    return answer.strip()
