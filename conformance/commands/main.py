"""The command line: the parser of all commands, and what each says where a package that it needs is missing."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_OPTIONAL = {"flint": "exact", "matplotlib": "plot", "filelock": "upgrade", "platformdirs": "upgrade"}
_ALWAYS = ("rich", "junitparser", "cpuinfo")  # which pip installs, and a plain checkout may lack
_COMMANDS = (
    *("run", "results", "divergences", "layouts"),
    *(f"upgrades.{name}" for name in ("record", "diff", "history", "upgrade", "bisect", "with_release")),
    *(f"truth.{name}" for name in ("certify", "accuracy")),
    *(f"power.{name}" for name in ("tolerance_study", "mutants", "bench")),
    *(f"models.{name}" for name in ("parity", "job", "model")),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the arguments and does what they say; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Checks recurrent layers against the oracle."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in _COMMANDS:
        _add(commands, name)
    parsed = parser.parse_args(arguments)
    parsed.typed = f"{parser.prog} {shlex.join(sys.argv[1:] if arguments is None else arguments)}"
    try:
        status: int = parsed.command(parsed)
    except ModuleNotFoundError as error:
        if error.name not in (*_OPTIONAL, *_ALWAYS):
            raise
        extra = f"[{_OPTIONAL[error.name]}]" if error.name in _OPTIONAL else ""
        print(f"{error.name} is not installed (pip install 'rnn-conformance{extra}')", file=sys.stderr)
        return 1
    return status


def _add(commands: Any, name: str) -> None:
    """Adds a command; one that needs what is not installed says so when it is called."""
    try:
        import_module(f".{name}", __package__).add_to(commands)
    except ModuleNotFoundError as missing:
        error = missing
        if error.name not in _ALWAYS:
            raise

        def fails(_: argparse.Namespace) -> int:
            raise error

        told = {"help": f"needs {error.name}, which is not installed", "prefix_chars": "\0"}  # it takes options too
        parser = commands.add_parser(name.replace("_", "-"), add_help=False, **told)
        parser.add_argument("arguments", nargs="*")
        parser.set_defaults(command=fails)
