"""``python -m conformance with REQUIREMENT -- COMMAND``: a command in an environment of that release."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import Any

from ...running import processes
from ...upgrades.environments import partners, uv
from ..arguments import cpython, implementation, release, requirement


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    within = commands.add_parser(
        "with",
        help="run a command with another release of a framework",
        description="Builds an environment of that release and of what goes with it, with uv, or takes the one that it "
        "has built before; then runs a command of this checkout in it. Exit status: the command's, or 2 where there is "
        "no such environment.",
        epilog="example: %(prog)s keras==3.9.2 -- run --implementation keras-torch",
    )
    within.add_argument("release", type=release, metavar="REQUIREMENT", help="as keras==3.9.2; keras: the newest")
    within.add_argument(
        "--for",
        action="append",
        default=[],
        type=implementation,
        dest="implementations",
        metavar="NAME",
        help="an implementation: partners that none of these use are left out (default: all); may be repeated",
    )
    within.add_argument(
        "--beside", type=release, metavar="REQUIREMENT", help="take partners that go with this release of it too"
    )
    add_options(within)
    within.add_argument("words", nargs="+", metavar="COMMAND", help="a command of `python -m conformance`, after --")
    within.set_defaults(command=_within)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every command that builds environments takes."""
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        type=requirement,
        dest="more",
        metavar="REQUIREMENT",
        help="a partner in place of the usual one, or one more; may be repeated",
    )
    parser.add_argument(
        "--python", type=cpython, metavar="X.Y", help="the CPython to take (default: this one where it goes)"
    )


def pinned(parsed: argparse.Namespace, requirement: str) -> str:
    """The requirement, pinned to the newest release that it allows where it names no single one."""
    if partners.is_pinned(requirement):
        return requirement
    return uv.newest(requirement, parsed.python or f"{sys.version_info.major}.{sys.version_info.minor}")


def more_of(parsed: argparse.Namespace) -> list[str]:
    """What ``--with`` says: frameworks pinned, as only then it is known which environment is meant."""
    return [pinned(parsed, one) if partners.is_listed(one) else one for one in parsed.more]


def _within(parsed: argparse.Namespace) -> int:
    from ...upgrades.environments.building import environment  # filelock and platformdirs, which only this needs

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no uv behind
    try:
        plan = partners.plan(
            pinned(parsed, parsed.release),
            [pinned(parsed, parsed.beside)] if parsed.beside else [],
            more_of(parsed),
            parsed.implementations,
            parsed.python,
        )
        interpreter = environment(plan, say=say)
    except (partners.NoSet, uv.UvFailed) as error:
        say(f"with: {error}")
        return 2
    except KeyboardInterrupt:
        say("interrupted: no environment was built")
        return 130
    # It takes this process's place: signals reach it and its exit status is handed on, with nobody between.
    os.execve(interpreter, [str(interpreter), "-m", "conformance", *parsed.words], processes.environment())


def say(line: str) -> None:
    """Tells the person in front of it, beside what the command prints."""
    print(line, file=sys.stderr, flush=True)
