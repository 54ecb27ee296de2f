"""The command line: ``python -m conformance run`` and its companions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .commands import (
    accuracy,
    bench,
    bisect,
    certify,
    diff,
    divergences,
    history,
    jobs,
    layouts,
    mutants,
    parity,
    record,
    run,
    tolerance_study,
    upgrade,
    within,
)

_OPTIONAL = {"flint": "exact", "matplotlib": "plot", "filelock": "upgrade", "platformdirs": "upgrade"}
_COMMANDS = (
    *(run, record, diff, history, upgrade, bisect, within, certify, accuracy, tolerance_study, mutants, divergences),
    *(layouts, parity, jobs, bench),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the arguments and does what they say; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Checks recurrent layers against the oracle."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_to(commands)
    parsed = parser.parse_args(arguments)
    try:
        status: int = parsed.command(parsed)
    except ModuleNotFoundError as error:
        if error.name not in _OPTIONAL:
            raise
        print(
            f"{error.name} is not installed (pip install 'rnn-conformance[{_OPTIONAL[error.name]}]')", file=sys.stderr
        )
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
