"""``python -m conformance with REQUIREMENT -- COMMAND``: run a command in an environment of that release."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ...running.processes import subprocess_environment
from ...upgrades.environments.compatibility import NoEnvironmentKnown, plan_environment
from ...upgrades.environments.uv import UvFailed
from ..arguments import implementation, release
from ..interrupts import interrupt_on_sigterm
from .environment_options import add_environment_options, companions_given, pinned, report


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "with",
        help="run a command with another release of a framework",
        description="Builds an environment of that release and its companion packages with uv, or reuses the one that "
        "it has built before, and runs a command of this checkout in it. Exit status: the command's, or 2 where "
        "there is no such environment.",
        epilog="example: %(prog)s keras==3.9.2 -- run --implementation keras-torch",
    )
    parser.add_argument(
        "release", type=release, metavar="REQUIREMENT", help="the release, as keras==3.9.2, or as keras for the newest"
    )
    parser.add_argument(
        "--for",
        action="append",
        default=[],
        type=implementation,
        dest="implementations",
        metavar="NAME",
        help="an implementation that will run: companions that none of these use are left out; may be repeated "
        "(default: keep all companions)",
    )
    parser.add_argument(
        "--beside",
        type=release,
        metavar="REQUIREMENT",
        help="another release that it will be compared with: use companions that go with both",
    )
    add_environment_options(parser)
    parser.add_argument("words", nargs="+", metavar="COMMAND", help="a command of `python -m conformance`, after --")
    parser.set_defaults(command=_with_release)


def _with_release(parsed: argparse.Namespace) -> int:
    from ...upgrades.environments.building import built_interpreter  # filelock and platformdirs, which only this needs

    interrupt_on_sigterm()
    try:
        plan = plan_environment(
            pinned(parsed, parsed.release),
            [pinned(parsed, parsed.beside)] if parsed.beside else [],
            companions_given(parsed),
            parsed.implementations,
            parsed.python,
        )
        interpreter = built_interpreter(plan, report=report)
    except (NoEnvironmentKnown, UvFailed) as error:
        report(f"with: {error}")
        return 2
    except KeyboardInterrupt:
        report("interrupted: no environment was built")
        return 130
    # The command replaces this process: it gets the signals, and its exit status is the one that is seen.
    os.execve(interpreter, [str(interpreter), "-m", "conformance", *parsed.words], subprocess_environment())
