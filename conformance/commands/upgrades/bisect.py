"""``python -m conformance bisect PACKAGE OLD NEW``: the release in which a case's verdict changed."""

from __future__ import annotations

import argparse
import signal
import tempfile
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from rich.console import Console

from ...implementations.finding import source_of
from ...running.processes import ONE_THREAD, WITHOUT_GPU, Recorded, environment
from ...upgrades.bisecting.questions import Question, of_case, of_divergence
from ...upgrades.bisecting.search import Change, Unusable, Verdict, first_change
from ...upgrades.environments import partners, uv
from ...upgrades.environments.partners import Plan
from ..arguments import implementation
from ..console import console_of
from . import with_release as within


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    bisect = commands.add_parser(
        "bisect",
        help="find the release of a framework in which a case's verdict changed",
        description="Tries releases between two, by halves, each in an environment of its own. Exit status 0 where the "
        "verdict changes, 1 where it is the same at both ends, 2 where that cannot be told.",
        epilog="example: %(prog)s keras 3.3.3 3.15.1 --case case.toml",
    )
    bisect.add_argument("package", choices=tuple(partners.table()), metavar="PACKAGE", help=", ".join(partners.table()))
    bisect.add_argument("old", type=_version, metavar="OLD", help="the oldest release to look at")
    bisect.add_argument("new", type=_version, metavar="NEW", help="the newest")
    asked = bisect.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "--case",
        type=_case,
        dest="question",
        metavar="FILE",
        help="a TOML file with implementation, options, sizes and choices, as minimal cases of known divergences have",
    )
    asked.add_argument("--divergence", metavar="ID", help="a known divergence: whether it shows")
    bisect.add_argument(
        "--implementation", type=implementation, metavar="NAME", help="of those that the divergence is of; the first"
    )
    within.add_options(bisect)
    bisect.set_defaults(command=_bisect)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _case(name: str) -> Question:
    try:
        return of_case(Path(name))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _bisect(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI that gives up must leave no process behind
    try:
        change = _searched(console, parsed)
    except (uv.UvFailed, ValueError) as error:  # NoSet is a ValueError
        console.print(f"bisect: {error}", highlight=False, markup=False)
        return 2
    except KeyboardInterrupt:
        console.print("interrupted: nothing was found")
        return 130
    return change


def _searched(console: Console, parsed: argparse.Namespace) -> int:
    package, old, new = parsed.package, str(parsed.old), str(parsed.new)
    if parsed.old >= parsed.new:
        raise ValueError(f"expected the older release first, got {old} and {new}")
    question = parsed.question or of_divergence(parsed.divergence, package, parsed.implementation)
    uses = source_of(question.implementation).packages
    if uses and package not in uses:
        raise ValueError(f"{question.implementation} is not of {package}: it uses {', '.join(uses)}")
    more, names = within.more_of(parsed), (question.implementation,)
    ends = [f"{package}=={end}" for end in (old, new)]
    python = partners.pair(ends[0], ends[1], more, names, parsed.python)[0].python
    plans: dict[str, Plan] = {}

    def judge(one: str) -> Verdict | Unusable:
        plans[one] = partners.plan(f"{package}=={one}", ends, more, names, python)
        found = judged(plans[one], question)
        said = f"left out: {found.why}" if isinstance(found, Unusable) else str(found)
        console.print(f"{package} {one}: {said}", highlight=False, markup=False)
        return found

    between = [one for one in uv.releases(package, old, new, python) if one not in (old, new)]
    console.print(
        f"{question.implementation} on CPython {python}; {len(between)} releases between {old} and {new}",
        highlight=False,
    )
    change = first_change([old, *between, new], judge)
    _show(console, package, change, plans)
    return 0 if change.is_one else 1


def judged(plan: Plan, question: Question) -> Verdict | Unusable:
    """The verdict in that environment, asked in a process of its own."""
    from ...upgrades.environments.building import (
        environment as built,  # filelock and platformdirs, which only this needs
    )

    try:
        interpreter = built(plan, say=within.say)
    except uv.UvFailed as error:
        return Unusable(f"cannot be installed: {error}")
    with tempfile.TemporaryDirectory(prefix="bisect-") as folder:
        worker = Recorded(Path(folder) / "record.jsonl", Path(folder) / "log.txt")
        command = [str(interpreter), "-W", "ignore", "-m", "conformance.upgrades.bisecting.worker", str(worker.record)]
        source = dict(source_of(question.implementation).environment)
        worker.begin([*command, *question.arguments], environment(**ONE_THREAD | WITHOUT_GPU | source))
        assert worker.process is not None
        try:
            worker.process.wait()
        finally:
            worker.stop()
        told = {line.pop("event"): line for line in worker.told()}
        if "verdict" in told:
            return Verdict(**told["verdict"])
        if "unusable" in told:
            return Unusable(told["unusable"]["why"])
        said = " / ".join(worker.last_lines)
        if "begun" in told:
            return Verdict(f"its process ends with status {worker.status}", said)
        return Unusable(f"its process ended with status {worker.status}: {said}")


def _show(console: Console, package: str, change: Change, plans: dict[str, Plan]) -> None:
    before, after = change.verdicts
    if not change.is_one:
        console.print(
            f"no other verdict: {change.before} and {change.after} both {before.word}; "
            "a verdict that changes and comes back between them is not seen",
            highlight=False,
        )
        return
    if change.unusable:
        console.print(f"it may have changed before: {', '.join(change.unusable)} could not be tried", highlight=False)
    old, new = (plans[one].partners for one in (change.before, change.after))
    if moved := [
        f"{old.get(name, 'none')} → {new.get(name, 'none')}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]:
        console.print(f"its partners changed there too, and may be why: {', '.join(moved)}", highlight=False)
    console.print(
        f"first release with another verdict: {package} {change.after} "
        f"(before, in {change.before}: {before.word}; after: {after.word})",
        highlight=False,
    )
    console.print(
        "where the verdict changes more than once between the two ends, this is one of the changes", highlight=False
    )
