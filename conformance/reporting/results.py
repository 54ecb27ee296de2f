"""What a run of the suite found, as a table, as JSON and as JUnit XML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..common.atomic import write_atomically
from ..contract import FAMILIES as QUANTITY_FAMILIES
from ..running.devices import gpu
from ..running.machine import machine
from ..running.profiling.accounts import END, START, outside
from ..suite.runner import Job, Plan
from .terminal import Console, Table, escape
from .time_accounts import table

FAMILIES = (*QUANTITY_FAMILIES, "laws", "invariants", "stateful", "hand-sized", "devices")
FORMAT = 2


@dataclass(frozen=True)
class Result:
    """What one implementation's run found.

    verdict       "agrees", "DIVERGES", "not run" or "CRASHED"
    coverage      of the "combinations" of options and the "tuples" of three option values: "covered" and "valid"
    families      family to numbers compared, worst error in units of its bound, numbers undecided
    not_run       what was not run, to the reason
    refused       why the framework refuses combinations of options, to how many; it was seen to refuse some of each
    divergences   known divergences that showed, to their summary, and in how many cases they applied
    failures      test to the message of its minimal case
    repeated      what was called again with the same input, to how often ("calls") and how often an answer differed in
                  bits ("unlike"); of implementations that do not compute on the CPU, where it must be the same
    accounts      where the seconds went, of which a run with ``--profile-suite`` keeps accounts
    """

    name: str
    device: str
    verdict: str
    versions: dict[str, str]
    paths: list[str]
    cases: int
    numbers: int
    families: dict[str, dict[str, float]]
    coverage: dict[str, dict[str, int]]
    not_run: dict[str, str]
    refused: dict[str, int]
    divergences: dict[str, str]
    divergent_cases: dict[str, int]
    failures: dict[str, str]
    seconds: float
    why: str = ""
    repeated: dict[str, dict[str, int]] = field(default_factory=dict)
    accounts: dict[str, float] = field(default_factory=dict)


def result_of(job: Job, device: str) -> Result:
    """The result of one process that has ended, from its record and exit status."""
    cases = job.of_kind("case")
    families = {name: _merged([c["families"][name] for c in cases if name in c["families"]]) for name in FAMILIES}
    families = {name: found for name, found in families.items() if found["numbers"] or found["undecided"]}
    numbers = int(sum(found["numbers"] for found in families.values()))
    failures = {event["test"]: event["message"] for event in job.of_kind("failure")}
    unavailable = [event["why"] for event in job.of_kind("unavailable")]
    not_run = {event["what"]: event["why"] for event in job.of_kind("not run")}
    missing = Counter(item for case in cases for item in case["missing"].items())
    not_run |= {f"{what}, in {count} of {len(cases)} cases": why for (what, why), count in missing.items()}
    why = ""
    if unavailable:
        verdict, why = "not run", unavailable[0]
    elif failures or any(found["worst"] > 1 for found in families.values()):
        verdict = "DIVERGES"
    elif job.status != 0 or not numbers or not _came_to_its_end(job):
        verdict = "CRASHED"
        why = f"pytest ended with status {job.status}, and not every test was run; its last lines:\n{_tail(job.log)}"
    else:
        verdict = "agrees"
    start = (job.of_kind("start") or [{"versions": {}}])[0]
    return Result(
        name=start.get("name", job.label),
        device=device,
        verdict=verdict,
        versions=start["versions"],
        paths=sorted({case["path"] for case in cases if case["path"]}),
        cases=sum(any(found["numbers"] for found in case["families"].values()) for case in cases),
        numbers=numbers,
        families=families,
        coverage=_coverage(job),
        not_run=not_run,
        refused={event["reason"]: event["combinations"] for event in job.of_kind("refused")},
        divergences={event["id"]: event["summary"] for event in job.of_kind("divergence")},
        divergent_cases=dict(Counter(known for case in cases for known in case["known"])),
        failures=failures,
        seconds=round(job.seconds, 1),
        why=why,
        repeated=_repeated(job),
        accounts=_accounts(job),
    )


def _repeated(job: Job) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for event in job.of_kind("again"):
        its = found.setdefault(event["what"], {"calls": 0, "unlike": 0})
        its["calls"] += 1
        its["unlike"] += not event["alike"]
    return dict(sorted(found.items()))


def _accounts(job: Job) -> dict[str, float]:
    """The accounts of the process, completed by what it cannot see of itself: how it starts and ends."""
    for kept in job.of_kind("accounts"):
        ended = job.started + job.seconds
        return {START: kept["began"] - job.started, **kept["seconds"], END: ended - kept["ended"]}
    return {}


def _coverage(job: Job) -> dict[str, dict[str, int]]:
    """What of the option space was tried; a run that crashed has told how far it came."""
    valid = {name: count for start in job.of_kind("start") for name, count in start["valid"].items()}
    reached = (job.of_kind("coverage") or [{"reached": {}}])[-1]["reached"]
    return {name: {"covered": reached.get(name, 0), "valid": count} for name, count in valid.items()}


def exit_status(results: Sequence[Result], required: bool) -> int:
    """0 where something was compared and nothing new diverged; with ``required``, nothing may be missing."""
    bad = {"DIVERGES", "CRASHED"} | ({"not run"} if required else set())
    compared = any(result.numbers for result in results)
    return 0 if compared and not any(result.verdict in bad for result in results) else 1


def show(console: Console, results: Sequence[Result], absent: dict[str, str]) -> None:
    """Prints failures, the table, what was not run and why, and the known divergences."""
    for result in results:
        for test, message in result.failures.items():
            console.rule(f"[red]{result.name}: {escape(test)}")
            console.print(escape(message), highlight=False, soft_wrap=True)
        if result.verdict == "CRASHED":
            console.rule(f"[red]{result.name}")
            console.print(escape(result.why), highlight=False, soft_wrap=True)
    console.print(_table(results))
    console.print(
        "Figures: the worst error in units of its bound (1 would be a disagreement); "
        "– : nothing of the kind is exposed.",
        highlight=False,
    )
    _listing(console, "Options tried", {result.name: _tried(result) for result in results if result.coverage})
    lines = {f"{device}": why for device, why in absent.items()}
    for result in results:
        if result.verdict == "not run":
            lines[result.name] = result.why
        for family, found in result.families.items():
            if found["undecided"]:
                lines[f"{result.name}: {found['undecided']:,.0f} numbers of {family}"] = (
                    "nothing to compare: the error may grow past every number, so their bound is infinite"
                )
        for why in dict.fromkeys(result.not_run.values()):
            alike = [what for what, its in result.not_run.items() if its == why]
            lines[f"{result.name}: {'; '.join(alike)}"] = why
    _listing(console, "Not run", lines)
    _listing(
        console,
        "Called again, and not the same bit for bit",
        {
            f"{result.name}: {what}": f"{its['unlike']} of {its['calls']} times"
            for result in results
            for what, its in result.repeated.items()
            if its["unlike"]
        },
    )
    _listing(
        console,
        "Known divergences, each still there, and held to what is known of it",
        {
            f"{result.name}: {name}, in {result.divergent_cases.get(name, 0)} cases": summary
            for result in results
            for name, summary in result.divergences.items()
        },
    )
    accounts = {result.name: result.accounts for result in results if result.accounts}
    if accounts:
        console.print(table(accounts))


def as_json(results: Sequence[Result], absent: dict[str, str], plan: Plan, status: int, command: str) -> dict[str, Any]:
    """The whole result, for machines. An infinite worst error, as of NaN, is null: JSON has no infinity."""
    device = gpu() if plan.device == "cuda" else None
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "plan": asdict(plan),
        "machine": machine(),
        "gpu": None if device is None else asdict(device),
        "exit_status": status,
        "not_run": absent,
        "implementations": [_encodable(result) for result in results],
    }


def write_junit(path: Path, jobs: Sequence[Job]) -> None:
    """Writes one file of all processes' JUnit XML, a test suite for each implementation, atomically."""
    from junitparser import JUnitXml  # here, as a machine that is there for its GPU may lack it

    merged = JUnitXml()
    for job in jobs:
        if job.junit.exists():
            for suite in JUnitXml.fromfile(str(job.junit)):
                suite.name = job.name
                merged.add_testsuite(suite)
    content: bytes = merged.tostring()  # type: ignore[no-untyped-call]  # junitparser has no types
    write_atomically(path, content.decode())


def _encodable(result: Result) -> dict[str, Any]:
    encoded = asdict(result)
    if result.accounts:
        encoded["outside_of_the_framework"] = outside(result.accounts)
    for found in encoded["families"].values():
        found["worst"] = found["worst"] if math.isfinite(found["worst"]) else None
    return encoded


def told(results: Sequence[Result]) -> list[str]:
    """The families that a table has columns of: that of devices only where something was compared there."""
    return [name for name in FAMILIES if name != "devices" or any(name in result.families for result in results)]


def _table(results: Sequence[Result]) -> Table:
    table = Table(title="Recurrent layers against the oracle")
    table.add_column("implementation", no_wrap=True)
    table.add_column("versions")
    families = told(results)
    for family in families:
        table.add_column(family, justify="right", no_wrap=True)
    for name in ("cases", "numbers", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    colours = {"agrees": "green", "not run": "yellow"}
    for result in results:
        found = result.families
        colour = colours.get(result.verdict, "red")
        known = f" +{len(result.divergences)} known" if result.divergences else ""
        table.add_row(
            f"{result.name} ({result.device})",
            ", ".join(f"{package} {version}" for package, version in result.versions.items()),
            *(f"{found[name]['worst']:.2g}" if name in found else "–" for name in families),
            f"{result.cases:,}",
            f"{result.numbers:,}",
            f"{result.seconds:.0f}",
            f"[{colour}]{result.verdict}[/]{known}",
        )
    return table


def _listing(console: Console, title: str, lines: dict[str, str]) -> None:
    if lines:
        console.print(f"\n[bold]{title}[/]")
        for what, why in lines.items():
            console.print(f"  {escape(what)}: {escape(why)}", highlight=False, soft_wrap=True)


def _tried(result: Result) -> str:
    """The coverage reached, and what is refused, in words."""
    words = {"combinations": "combinations of options", "tuples": "triples of option values"}
    parts = [
        f"{its['covered']:,} of {its['valid']:,} {words[name]} ({share(its['covered'], its['valid'])})"
        for name, its in result.coverage.items()
    ]
    refused = sum(result.refused.values())
    return ", ".join(parts) + (f"; {refused:,} more are refused, as declared" if refused else "")


def share(covered: int, valid: int) -> str:
    """A percentage that says 100 % of nothing less."""
    return f"{math.floor(1000 * covered / max(valid, 1)) / 10:g} %"


def _came_to_its_end(job: Job) -> bool:
    return any(event["collected"] == event["reported"] for event in job.of_kind("end"))


def _merged(found: list[dict[str, float]]) -> dict[str, float]:
    return {
        "numbers": sum(one["numbers"] for one in found),
        "worst": max((one["worst"] for one in found), default=0.0),
        "undecided": sum(one["undecided"] for one in found),
    }


def _tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, from the crash on where Python's fault handler wrote of one."""
    said = log.read_text(errors="replace").splitlines()
    crash = [k for k, line in enumerate(said) if line.startswith("Fatal Python error")]
    return "\n".join(said[crash[-1] :][:lines] if crash else said[-lines:])
