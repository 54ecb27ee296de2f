"""``python -m conformance bisect PACKAGE OLD NEW``: the release in which a case's verdict changed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from packaging.version import Version

from ...implementations.finding import source_of
from ...reporting.terminal import Console
from ...running.events import event_kinds
from ...running.processes import RecordedProcess
from ...upgrades.bisecting.questions import Question, question_of_case_file, question_of_divergence
from ...upgrades.bisecting.search import Change, Unusable, Verdict, first_change
from ...upgrades.environments.compatibility import EnvironmentPlan, compatibility_table, plan_environment, plan_pair
from ...upgrades.environments.uv import UvFailed, releases
from ..arguments import argument_type, implementation
from ..console import console_of, say
from ..interrupts import interrupt_on_sigterm
from .environment_options import add_environment_options, companions_given, report


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "bisect",
        help="find the release of a framework in which a case's verdict changed",
        description="Searches the releases between two by halves, and judges each in an environment of its own. Exit "
        "status 0 where the verdict changes, 1 where it is the same at both ends, 2 where no verdict can be reached.",
        epilog="example: %(prog)s keras 3.3.3 3.15.1 --case case.toml",
    )
    packages = tuple(compatibility_table())
    parser.add_argument("package", choices=packages, metavar="PACKAGE", help=f"one of {', '.join(packages)}")
    parser.add_argument("old", type=argument_type(Version), metavar="OLD", help="the oldest release, as 3.3.3")
    parser.add_argument("new", type=argument_type(Version), metavar="NEW", help="the newest release, as 3.15.1")
    question = parser.add_mutually_exclusive_group(required=True)
    question.add_argument(
        "--case",
        type=argument_type(_case),
        dest="question",
        metavar="FILE",
        help="judge this case: a TOML file with implementation, options, sizes and choices, as in the minimal cases of "
        "known divergences",
    )
    question.add_argument("--divergence", metavar="ID", help="judge whether this known divergence shows")
    parser.add_argument(
        "--implementation",
        type=implementation,
        metavar="NAME",
        help="the implementation in which the divergence is looked for (default: the first that has it)",
    )
    add_environment_options(parser)
    parser.set_defaults(command=_bisect)


def _case(name: str) -> Question:
    return question_of_case_file(Path(name))


def _bisect(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    interrupt_on_sigterm()
    try:
        return _search(console, parsed)
    except (UvFailed, ValueError) as error:  # NoEnvironmentKnown is a ValueError
        say(console, f"bisect: {error}")
        return 2
    except KeyboardInterrupt:
        console.print("interrupted: nothing was found")
        return 130


def _search(console: Console, parsed: argparse.Namespace) -> int:
    package, old, new = parsed.package, str(parsed.old), str(parsed.new)
    if parsed.old >= parsed.new:
        raise ValueError(f"expected the older release first, got {old} and {new}")
    question = parsed.question or question_of_divergence(parsed.divergence, package, parsed.implementation)
    uses = source_of(question.implementation).packages
    if uses and package not in uses:
        raise ValueError(f"{question.implementation} is not of {package}: it uses {', '.join(uses)}")
    more, names = companions_given(parsed), (question.implementation,)
    ends = [f"{package}=={end}" for end in (old, new)]
    python = plan_pair(ends[0], ends[1], more, names, parsed.python)[0].python
    plans: dict[str, EnvironmentPlan] = {}

    def judge(one: str) -> Verdict | Unusable:
        plans[one] = plan_environment(f"{package}=={one}", ends, more, names, python)
        found = judged(plans[one], question)
        result = f"left out: {found.why}" if isinstance(found, Unusable) else str(found)
        say(console, f"{package} {one}: {result}")
        return found

    between = [one for one in releases(package, old, new, python) if one not in (old, new)]
    console.print(
        f"{question.implementation} on CPython {python}; {len(between)} releases between {old} and {new}",
        highlight=False,
    )
    change = first_change([old, *between, new], judge)
    _print_change(console, package, change, plans)
    return 0 if change.verdict_changed else 1


def judged(plan: EnvironmentPlan, question: Question) -> Verdict | Unusable:
    """The verdict of the release, from a process in its environment."""
    from ...upgrades.environments.building import built_interpreter  # filelock and platformdirs, which only this needs

    try:
        interpreter = built_interpreter(plan, report=report)
    except UvFailed as error:
        return Unusable(f"cannot be installed: {error}")
    worker = RecordedProcess(event_kinds("begun", "unusable", "verdict"))
    arguments = (worker.record, *question.arguments)
    worker.launch_worker("conformance.upgrades.bisecting.worker", arguments, question.implementation, interpreter)
    assert worker.process is not None
    try:
        worker.process.wait()
    finally:
        worker.stop()
    events = {line.pop("event"): line for line in worker.new_events()}
    if worker.spoiled:
        return Unusable(f"its record is spoiled: {worker.spoiled}")
    if "verdict" in events:
        return Verdict(**events["verdict"])
    if "unusable" in events:
        return Unusable(events["unusable"]["why"])
    printed = " / ".join(worker.log_tail)
    if "begun" in events:
        return Verdict(f"its process ends with status {worker.status}", printed)
    return Unusable(f"its process ended with status {worker.status}: {printed}")


def _print_change(console: Console, package: str, change: Change, plans: dict[str, EnvironmentPlan]) -> None:
    before, after = change.verdicts
    if not change.verdict_changed:
        console.print(
            f"no other verdict: {change.before} and {change.after} both {before.word}; "
            "a verdict that changes and comes back between them is not seen",
            highlight=False,
        )
        return
    if change.unusable:
        say(console, f"it may have changed before: {', '.join(change.unusable)} could not be tried")
    old, new = (plans[one].companions for one in (change.before, change.after))
    if moved := [
        f"{old.get(name, 'none')} → {new.get(name, 'none')}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]:
        say(console, f"its companion packages changed there too, and may be why: {', '.join(moved)}")
    console.print(
        f"first release with another verdict: {package} {change.after} "
        f"(before, in {change.before}: {before.word}; after: {after.word})",
        highlight=False,
    )
    console.print(
        "where the verdict changes more than once between the two ends, this is one of the changes", highlight=False
    )
