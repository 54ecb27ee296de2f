"""The command line: the parser of all commands, and what a command says where a package that it needs is missing."""

from __future__ import annotations

import argparse
import errno
import io
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from ..reporting.heartbeat import heartbeat

_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)
"""What a full disk, a quota, a read-only file system, a folder of somebody else's and a home that is a file say."""
_ENDED_BY_SIGPIPE = 141  # as a shell has it
_MODULE = "python -m conformance"
_SCRIPT = "rnn-conformance"
_OPTIONAL = {
    "flint": "exact",
    "onnx": "onnx",
    "matplotlib": "plot",
    "cogapp": "docs",
    "jinja2": "report",
    "plotly": "report",
    "filelock": "upgrade",
    "dask": "campaign",
    "distributed": "campaign",
    "platformdirs": "upgrade",
}
"""Packages that only some commands need, to the extra that installs them."""
_ALWAYS = ("numpy", "ml_dtypes", "hypothesis", "pytest", "rich", "junitparser", "cpuinfo")
"""Packages that pip installs with the project, and that may be missing where a checkout is run as it is."""
_COMMANDS = {
    "run": "run",
    "gpu-evidence": "gpu_evidence",
    "results": "results",
    "report": "report",
    "divergences": "divergences",
    "layouts": "layouts",
    "record": "upgrades.record",
    "merge": "upgrades.merge",
    "diff": "upgrades.diff",
    "history": "upgrades.history",
    "upgrade": "upgrades.upgrade",
    "bisect": "upgrades.bisect",
    "with": "upgrades.with_release",
    "certify": "truth.certify",
    "accuracy": "truth.accuracy",
    "export": "truth.export",
    "tolerance-study": "power.tolerance_study",
    "mutants": "power.mutants",
    "bench": "power.bench",
    "campaign": "power.campaign",
    "parity": "models.parity",
    "job": "models.job",
    "model": "models.model",
    "docs": "docs",
}
"""Each command's name, to the module in this folder that adds its parser and does its work."""
_TELL_THEMSELVES = ("run", "record", "upgrade", "mutants", "tolerance-study", "bench", "campaign", "parity", "docs")
"""Commands that say how far they are, at least twice a minute; of the others a line says that they go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the arguments, runs the command that they name and returns its exit status."""
    parser = argparse.ArgumentParser(
        prog=_SCRIPT if Path(sys.argv[0]).stem == _SCRIPT else _MODULE,
        description="Checks recurrent layers of real frameworks against the oracle. "
        "`%(prog)s COMMAND --help` explains a command.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="named")
    first = next(iter(sys.argv[1:] if arguments is None else arguments), "")
    for name in (first,) if first in _COMMANDS else _COMMANDS:  # to import all takes longer than NumPy
        _add(commands, name, _COMMANDS[name])
    parsed = parser.parse_args(arguments)
    parsed.command_line = _kept(sys.argv[1:] if arguments is None else arguments)
    _prepare_output()
    try:
        with nullcontext() if parsed.named in _TELL_THEMSELVES else heartbeat(lambda: f"{parsed.named} goes on"):
            status: int = parsed.command(parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads what is printed has read enough: what was to be written is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing complains of it at the end
        return _ENDED_BY_SIGPIPE
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            print(f"{error.filename or 'a file'}: cannot be written: {error.strerror}", file=sys.stderr)
        elif error.errno == errno.ENOENT and error.filename is None:  # `tempfile` has found no place for its files
            print(error.strerror, file=sys.stderr)
        else:
            raise
        return 2
    except ModuleNotFoundError as error:
        if error.name not in (*_OPTIONAL, *_ALWAYS):
            raise
        extra = _OPTIONAL.get(error.name)
        how = f"pip install 'rnn-conformance[{extra}]'" if extra else "in the checkout: pip install -e ."
        print(f"{error.name} is not installed ({how})", file=sys.stderr)
        return 1
    return status


def _kept(arguments: Sequence[str]) -> str:
    """The command as a record keeps it: in the form that a checkout understands too, where no console script is
    installed, and of files elsewhere on this machine their names alone."""
    kept = []
    for each in arguments:
        option, equals, value = each.rpartition("=") if each.startswith("--") else ("", "", each)
        kept.append(option + equals + (Path(value).name if Path(value).is_absolute() else value))
    return f"{_MODULE} {shlex.join(kept)}"


def _prepare_output() -> None:
    """Where standard output is closed nothing is printed; what it cannot encode is written as an escape."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (until the process ends)
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _add(commands: Any, name: str, module: str) -> None:
    """Adds a command; one that needs a package that is not installed says so when it is called."""
    try:
        import_module(f".{module}", __package__).add_to(commands)
    except ModuleNotFoundError as missing:
        error = missing
        if error.name not in _ALWAYS:
            raise

        def fails(_: argparse.Namespace) -> int:
            raise error

        parser = commands.add_parser(
            name,
            help=f"needs {error.name}, which is not installed",
            add_help=False,
            prefix_chars="\0",  # so that the command's options count as arguments
        )
        parser.add_argument("arguments", nargs="*")
        parser.set_defaults(command=fails)
