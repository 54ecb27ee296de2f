"""``python -m conformance diff OLD NEW``: what moved from one framework version to another."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from rich.console import Console
from rich.table import Table

from ...common.arguments import output
from ...common.atomic import write_atomically
from ...upgrades.observations.answers import SEVERITIES
from ...upgrades.observations.comparing import Difference, Finding, difference, pairs
from ...upgrades.observations.record import Record, read
from ..console import console_of

_STYLES = {"behaviour": "bold red", "accuracy": "yellow", "rounding": "cyan", "nothing": "green"}
_TOLD = 12  # findings of an implementation told in full, unless all are asked for


def add_to(commands: Any) -> None:
    """Adds the command's parser."""
    diffs = commands.add_parser(
        "diff",
        help="what moved from one framework version to another",
        description="Compares two records. Exit status 0 where what moved is less grave than --fail-on says, 1 where "
        "it is not or nothing could be compared, 2 where a file is no record.",
    )
    for name, whose in (("old", "before"), ("new", "after")):
        diffs.add_argument(
            name,
            metavar=name.upper(),
            help=f"the record from {whose}, as FILE or, where it holds several versions, FILE@PACKAGE==VERSION",
        )
    diffs.add_argument("--fail-on", choices=(*SEVERITIES[1:], "never"), default="behaviour", help="default: behaviour")
    diffs.add_argument("--all", action="store_true", help="tell every finding, not the first dozen")
    diffs.add_argument("--json", type=output, metavar="FILE", help="write everything as JSON")
    diffs.set_defaults(command=_diff)


def _diff(parsed: argparse.Namespace) -> int:
    console = console_of(160)
    try:
        both, alone = pairs(selected(parsed.old), selected(parsed.new))
        found = [difference(old, new) for old, new in both]
    except ValueError as error:
        console.print(f"diff: {error}", highlight=False)
        return 2
    show(console, found, alone, None if parsed.all else _TOLD)
    if parsed.json:
        write_atomically(parsed.json, json.dumps(as_json(found, alone), indent=2) + "\n")
    return exit_status(found, parsed.fail_on)


def selected(said: str) -> Record:
    """The observations of ``FILE`` or ``FILE@PACKAGE==VERSION``; `ValueError` where there is none."""
    name, at, wanted = said.rpartition("@")
    if not at or Path(said).exists():
        return read(Path(said))
    try:
        requirement = Requirement(wanted)
    except InvalidRequirement as error:
        raise ValueError(f"{said}: expected FILE@PACKAGE==VERSION: {error}") from None
    record = read(Path(name))
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
    """1 where something as grave moved, or nothing was compared."""
    if not any(one.compared for one in found):
        return 1
    limit = len(SEVERITIES) if fail_on == "never" else SEVERITIES.index(fail_on)
    return int(any(SEVERITIES.index(one.severity) >= limit for one in found))


def show(console: Console, found: Sequence[Difference], alone: Sequence[str], told: int | None = None) -> None:
    """The summary, a line an implementation; then what moved in each."""
    table = Table(title="What moved", title_justify="left")
    for column in ("implementation", "versions", "verdict"):
        table.add_column(column)
    for column in ("cases", "the same", "rounding", "behaviour"):
        table.add_column(column, justify="right")
    for one in found:
        verdict = f"[{_STYLES[one.severity]}]{one.severity.upper()}[/]"
        counts = [one.compared, *(one.cases.get(name, 0) for name in ("nothing", "rounding", "behaviour"))]
        table.add_row(one.new.implementation, versions(one), verdict, *(f"{count:,}" for count in counts))
    if found:
        console.print(table)
    for one in found:
        _show_findings(console, one, told)
    for why in alone:
        console.print(f"not compared: {why}", highlight=False, markup=False)
    if not any(one.compared for one in found):
        console.print("nothing was compared")


def _show_findings(console: Console, one: Difference, told: int | None) -> None:
    if not one.findings and not any(one.only) and not one.machines:
        return
    console.print(f"\n[bold]{one.new.implementation}[/]")
    for finding in one.findings[:told]:
        console.print(f"  [{_STYLES[finding.severity]}]{finding.severity}[/] {_line(finding)}", highlight=False)
    if told is not None and len(one.findings) > told:
        console.print(f"  … and {len(one.findings) - told} more (--all tells them)", highlight=False)
    for count, which in zip(one.only, ("OLD", "NEW"), strict=True):
        if count:
            console.print(f"  {count} cases are only in {which}: other options, or drawn otherwise", highlight=False)
    for change in one.machines:
        console.print(f"  another machine: {change}", highlight=False, markup=False)


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


def as_json(found: Sequence[Difference], alone: Sequence[str]) -> dict[str, Any]:
    """Everything, as plain data."""

    def plain(one: Difference) -> Mapping[str, Any]:
        return {
            "implementation": one.new.implementation,
            "versions": {"old": dict(one.old.versions), "new": dict(one.new.versions)},
            "severity": one.severity,
            "cases": {name: one.cases.get(name, 0) for name in SEVERITIES},
            "numbers": one.numbers,
            "numbers_changed": one.changed,
            "ulps": one.ulps,
            "findings": [vars(finding) for finding in one.findings],
            "only": {"old": one.only[0], "new": one.only[1]},
            "machines": list(one.machines),
        }

    return {"format": 1, "differences": [plain(one) for one in found], "not_compared": list(alone)}
