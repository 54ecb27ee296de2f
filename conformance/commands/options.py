"""Options that several commands share."""

from __future__ import annotations

import argparse
import os

from ..common.arguments import count, figure_file, output_file, seconds
from ..implementations.finding import BUILT_IN
from ..upgrades.observations.answers import SEVERITIES
from .arguments import implementation


def add_implementation(parser: argparse.ArgumentParser, default: str) -> None:
    """``--implementation NAME``, repeatable; None where it is not given. ``default`` says what is taken then."""
    names = f"{', '.join(BUILT_IN)}, package.module:Class or file.py:Class"
    parser.add_argument(
        "--implementation",
        action="append",
        type=implementation,
        metavar="NAME",
        help=f"{names}; may be repeated (default: {default})",
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """``--seed``: the same seed draws the same cases."""
    parser.add_argument("--seed", type=int, default=0, help="seed of the random cases (default: 0)")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """``--jobs``."""
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=count, default=cores, help="processes at a time (default: one for each core)")


def add_call_timeout(parser: argparse.ArgumentParser) -> None:
    """``--call-timeout SECONDS``."""
    parser.add_argument(
        "--call-timeout",
        type=seconds,
        metavar="SECONDS",
        default=120.0,
        help="what one call of an implementation may take (default: 120); one that takes longer is ended",
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """``--json FILE``; ``what`` says what is written."""
    parser.add_argument("--json", type=output_file, metavar="FILE", help=f"write {what} as JSON")


def add_plot(parser: argparse.ArgumentParser, what: str) -> None:
    """``--plot FILE``; ``what`` says what is drawn."""
    parser.add_argument("--plot", type=figure_file, metavar="FILE", help=f"draw {what}; needs matplotlib")


def add_fail_on(parser: argparse.ArgumentParser) -> None:
    """``--fail-on SEVERITY``, of commands that compare two records."""
    parser.add_argument(
        "--fail-on",
        choices=(*SEVERITIES[1:], "never"),
        default="behaviour",
        help="the least grave change for which the exit status is 1 (default: behaviour)",
    )
