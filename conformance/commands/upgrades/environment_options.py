"""What commands that build environments of releases share: their options, and how they report what they do."""

from __future__ import annotations

import argparse
import sys

from ...upgrades.environments import uv
from ...upgrades.environments.compatibility import is_listed, is_pinned
from ..arguments import cpython, requirement


def add_environment_options(parser: argparse.ArgumentParser) -> None:
    """``--with`` and ``--python``."""
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        type=requirement,
        dest="more",
        metavar="REQUIREMENT",
        help="install this companion package in place of the usual release, or as one more; may be repeated",
    )
    parser.add_argument(
        "--python",
        type=cpython,
        metavar="X.Y",
        help="the CPython to use (default: the running one, where the release supports it)",
    )


def pinned(parsed: argparse.Namespace, requirement: str) -> str:
    """The requirement, pinned to the newest release that it allows where it does not name a single one."""
    if is_pinned(requirement):
        return requirement
    return uv.newest(requirement, parsed.python or f"{sys.version_info.major}.{sys.version_info.minor}")


def companions_given(parsed: argparse.Namespace) -> list[str]:
    """What ``--with`` names: frameworks are pinned, as only then it is known which environment is meant."""
    return [pinned(parsed, one) if is_listed(one) else one for one in parsed.more]


def report(line: str) -> None:
    """Prints a line to standard error, apart from the command's own output."""
    print(line, file=sys.stderr, flush=True)
