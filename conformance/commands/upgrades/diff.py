"""``python -m conformance diff OLD NEW``: what moved from one framework version to another."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...cases.declarations import with_defaults
from ...common.atomic import write_atomically
from ...contract import CELL_KINDS
from ...reporting.terminal import Console, Table
from ...upgrades.observations.answers import SEVERITIES
from ...upgrades.observations.comparing import Difference, Finding, difference, match_observations
from ...upgrades.observations.record import Answer, Record, read_record
from ..console import console_of, say
from ..options import add_fail_on, add_json

_STYLES = {"behaviour": "bold red", "accuracy": "yellow", "rounding": "cyan", "nothing": "green"}
_FINDINGS_SHOWN = 12  # of an implementation, unless --all is given


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    diffs = commands.add_parser(
        "diff",
        help="print what moved between two records",
        description="Compares two records. Exit status 0 where every change is less grave than --fail-on, 1 where one "
        "is not, one record lacks cases of the other (unless --fail-on never) or nothing could be compared, 2 where a "
        "file is no record.",
    )
    for name, when in (("old", "before"), ("new", "after")):
        diffs.add_argument(
            name,
            metavar=name.upper(),
            help=f"the record from {when} the upgrade: FILE, or FILE@PACKAGE==VERSION where it holds several versions",
        )
    add_fail_on(diffs)
    diffs.add_argument("--all", action="store_true", help="print every finding, not only the first dozen")
    add_json(diffs, "everything")
    diffs.set_defaults(command=_diff)


def _diff(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    try:
        both, unmatched = match_observations(selected_observations(parsed.old), selected_observations(parsed.new))
        found = [difference(old, new) for old, new in both]
    except ValueError as error:
        say(console, f"diff: {error}")
        return 2
    print_differences(console, found, unmatched, None if parsed.all else _FINDINGS_SHOWN)
    if parsed.json:
        write_atomically(parsed.json, json.dumps(as_json(found, unmatched), indent=2) + "\n")
    return exit_status(found, parsed.fail_on)


def selected_observations(name_and_version: str) -> Record:
    """The observations of ``FILE`` or ``FILE@PACKAGE==VERSION``; `ValueError` where there is none."""
    name, at, wanted = name_and_version.rpartition("@")
    if not at or Path(name_and_version).exists():
        return read_record(Path(name_and_version))
    try:
        requirement = Requirement(wanted)
    except InvalidRequirement as error:
        raise ValueError(f"{name_and_version}: expected FILE@PACKAGE==VERSION: {error}") from None
    record = read_record(Path(name))
    found = tuple(
        one
        for one in record
        if requirement.name in one.versions
        and requirement.specifier.contains(one.versions[requirement.name], prereleases=True)
    )
    if not found:
        known = sorted({one.versions[requirement.name] for one in record if requirement.name in one.versions})
        raise ValueError(f"{name}: has no {wanted}; of {requirement.name} it has {', '.join(known) or 'nothing'}")
    return found


def exit_status(found: Sequence[Difference], fail_on: str) -> int:
    """1 where something as grave moved, a record lacks cases of the other, or nothing was compared."""
    if not any(one.compared for one in found):
        return 1
    limit = len(SEVERITIES) if fail_on == "never" else SEVERITIES.index(fail_on)
    if fail_on != "never" and any(any(one.unmatched_cases) for one in found):
        return 1
    return int(any(SEVERITIES.index(one.severity) >= limit for one in found))


def print_differences(
    console: Console, found: Sequence[Difference], unmatched: Sequence[str], limit: int | None = None
) -> None:
    """The summary, a line an implementation; then what moved in each."""
    table = Table(title="What moved", title_justify="left")
    for column in ("implementation", "versions", "verdict"):
        table.add_column(column)
    for column in ("cases", "the same", "rounding", "behaviour"):
        table.add_column(column, justify="right")
    for one in found:
        verdict = f"[{_STYLES[one.severity]}]{one.severity.upper()}[/]"
        if any(one.unmatched_cases):
            verdict = "[bold red]INCOMPLETE[/]" + ("" if one.severity == "nothing" else f", {verdict}")
        counts = [one.compared, *(one.cases.get(name, 0) for name in ("nothing", "rounding", "behaviour"))]
        table.add_row(one.new.implementation, versions(one), verdict, *(f"{count:,}" for count in counts))
    if found:
        console.print(table)
    for one in found:
        _print_findings(console, one, limit)
    for why in unmatched:
        say(console, f"not compared: {why}")
    if not any(one.compared for one in found):
        console.print("nothing was compared")


def _print_findings(console: Console, one: Difference, limit: int | None) -> None:
    if not one.findings and not any(one.unmatched_cases) and not one.machine_changes:
        return
    console.print(f"\n[bold]{one.new.implementation}[/]")
    for finding in one.findings[:limit]:
        console.print(f"  [{_STYLES[finding.severity]}]{finding.severity}[/] {_line(finding)}", highlight=False)
    if limit is not None and len(one.findings) > limit:
        say(console, f"  … and {len(one.findings) - limit} more (--all prints them)")
    for answers, which in zip(one.unmatched, ("OLD", "NEW"), strict=True):
        if answers:
            console.print(
                f"  {len(answers)} cases are only in {which}: other options, or other random numbers", highlight=False
            )
        for answer in answers[:limit]:
            say(console, f"    {_named(answer)}")
        if limit is not None and len(answers) > limit:
            say(console, f"    … and {len(answers) - limit} more (--all prints them)")
    for change in one.machine_changes:
        say(console, f"  another machine: {change}")


def _named(answer: Answer) -> str:
    """The case of an answer: its options that are not their defaults, and its number among those of these options."""
    options = answer.question.options
    usual = with_defaults({"kind": options["kind"]}, ()) if options.get("kind") in CELL_KINDS else {}
    unusual = [f"kind={options.get('kind')}"]
    unusual += [f"{name}={value}" for name, value in options.items() if (value,) != usual.get(name)]
    return f"{', '.join(unusual)}, draw {answer.question.draw}"


def _line(finding: Finding) -> str:
    return f"{finding.where}: {finding.what}".replace("[", "\\[")


def versions(one: Difference) -> str:
    """The packages that changed, from which version to which; what did not change only where nothing did."""
    old, new = one.old.versions, one.new.versions
    changed = [
        f"{name} {old.get(name, '–')} → {new.get(name, '–')}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
    return ", ".join(changed) or ", ".join(f"{name} {version}" for name, version in new.items())


def as_json(found: Sequence[Difference], unmatched: Sequence[str]) -> dict[str, Any]:
    """Everything, as plain data."""

    def encoded(one: Difference) -> Mapping[str, Any]:
        return {
            "implementation": one.new.implementation,
            "versions": {"old": dict(one.old.versions), "new": dict(one.new.versions)},
            "severity": one.severity,
            "cases": {name: one.cases.get(name, 0) for name in SEVERITIES},
            "numbers": one.numbers,
            "numbers_changed": one.changed,
            "ulps": one.ulps,
            "findings": [vars(finding) for finding in one.findings],
            "only": {"old": one.unmatched_cases[0], "new": one.unmatched_cases[1]},
            "lacking": {
                side: [{"options": dict(each.question.options), "draw": each.question.draw} for each in answers]
                for side, answers in zip(("new", "old"), one.unmatched, strict=True)
            },
            "machines": list(one.machine_changes),
        }

    return {"format": 1, "differences": [encoded(one) for one in found], "not_compared": list(unmatched)}
