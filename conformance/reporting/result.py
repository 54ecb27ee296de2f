"""The result of one implementation's run: how its verdict and figures follow from its process's record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.printable import bounded, printable
from ..running.profiling.accounts import END, START
from ..suite.events import FAMILIES
from ..suite.runner import SuiteProcess
from .classes_tried import classes_met
from .many_errors import coarser_arithmetics, errors_in_common, leaning_errors, measured
from .tried_cases import packed_cases


@dataclass(frozen=True)
class Result:
    """What the run of one implementation found.

    verdict           "agrees", "DIVERGES", "not run", "CRASHED", "no answer in 120 s", "interrupted",
                      or "MISDECLARED": its declaration makes no sense
    coverage          of the "combinations" of options and the "tuples" of three option values: "covered" and "valid"
    families          family to the count of ``numbers`` compared, the ``worst`` error in units of its limit, and the
                      count of ``undecided`` numbers, whose bound is infinite; further ``deviations``, the root mean
                      square of its errors in sampled deviations, where these are known
    coarser           family and dtype to the same root mean square, where it is so small that the arithmetic that is
                      declared must be coarser than that which is computed in
    many              family and dtype to what all errors have in common (`many_errors.errors_in_common`)
    not_run           what was not run, to the reason
    refused           the reason why the framework refuses combinations of options, to how many; some of each were tried
    divergences       the known divergences that were seen, id to summary
    divergent_cases   id of a known divergence to the count of cases that it applied to
    failures          test to the message of its minimal case
    repeated          what was called again with the same input, to the count of ``calls`` and of ``unlike`` answers,
                      which differed in some bit; empty on the CPU, where such an answer is a disagreement
    accounts          account to seconds, where ``--profile-suite`` was given
    arithmetic        dtype to the arithmetic that the implementation declares, where it is not that of the dtype
    declared          every option that can be tried, to its values; ``refused_values`` those that are always refused
    tried             the cases (`conformance.reporting.tried_cases`)
    classes           what is classified, such as the units, to each class that was tried, to what it met
                      (`conformance.reporting.classes_tried`)
    failing_cases     the smallest failing cases in full (`conformance.suite.failing_cases`), each with its ``test``
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
    coarser: dict[str, float] = field(default_factory=dict)
    many: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    accounts: dict[str, float] = field(default_factory=dict)
    arithmetic: dict[str, str] = field(default_factory=dict)
    declared: dict[str, list[str]] = field(default_factory=dict)
    refused_values: dict[str, list[str]] = field(default_factory=dict)
    tried: dict[str, Any] = field(default_factory=dict)
    failing_cases: list[dict[str, Any]] = field(default_factory=list)
    classes: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def result_of(process: SuiteProcess, device: str) -> Result:
    """The result of a process that has ended: what follows from its record and its exit status."""
    cases = process.of_kind("case")
    families = {name: _merged([c["families"][name] for c in cases if name in c["families"]]) for name in FAMILIES}
    families = {name: found for name, found in families.items() if found["numbers"] or found["undecided"]}
    numbers = int(sum(found["numbers"] for found in families.values()))
    failures = {event["test"]: event["message"] for event in process.of_kind("failure")}
    unavailable = [event["why"] for event in process.of_kind("unavailable")]
    misdeclared = [event["why"] for event in process.of_kind("misdeclared")]
    not_run = {event["what"]: event["why"] for event in process.of_kind("not run")}
    missing = Counter(item for case in cases for item in case["missing"].items())
    not_run |= {f"{what}, in {count} of {len(cases)} cases": why for (what, why), count in missing.items()}
    many = errors_in_common(cases)
    leaning, why = leaning_errors(many), ""
    if unavailable:
        verdict, why = "not run", unavailable[0]
    elif misdeclared:
        verdict, why = "MISDECLARED", misdeclared[0]
    elif process.silent or process.of_kind("no answer"):
        verdict, why = _no_answer(process)
    elif failures or any(found["worst"] > 1 for found in families.values()):
        verdict = "DIVERGES"
    elif unusable := [event["why"] for event in process.of_kind("unusable")]:
        verdict, why = "CRASHED", f"it cannot be made: {unusable[0]}"
    elif process.was_cut:
        verdict = "interrupted"
        why = f"the run was interrupted after {len(cases)} cases" if process.process else "it had not begun"
    elif process.spoiled:
        verdict, why = "CRASHED", f"the implementation wrote into the record of its run: {process.spoiled}"
    elif process.status != 0 or not numbers or not _ran_every_test(process):
        verdict = "CRASHED"
        last_lines = _tail(process.printed)
        asked = f" It was asked last: {process.asked}." if process.asked else ""
        ended = f"pytest ended with status {process.status}, and not every test was run.{asked}"
        why = f"{ended} Its last lines:\n{last_lines}"
    elif leaning:
        verdict = "DIVERGES"
        why = "\n".join(f"The errors of {what}: {said}" for what, said in leaning.items())
    else:
        verdict = "agrees"
    start = (process.of_kind("start") or [{"versions": {}}])[0]
    return Result(
        name=start.get("name", printable(process.label)),
        device=device,
        verdict=verdict,
        versions=start["versions"],
        paths=bounded(sorted({case["path"] for case in cases if case["path"]})),
        cases=sum(any(found["numbers"] for found in case["families"].values()) for case in cases),
        numbers=numbers,
        families=families,
        coverage=_coverage(process),
        not_run=bounded(not_run),
        refused={event["reason"]: event["combinations"] for event in process.of_kind("refused")},
        divergences={event["id"]: event["summary"] for event in process.of_kind("divergence")},
        divergent_cases=dict(Counter(known for case in cases for known in case["known"])),
        failures=failures,
        seconds=round(process.seconds, 1),
        why=why,
        repeated=_repeated(process),
        coarser=coarser_arithmetics(cases),
        many=many,
        accounts=_accounts(process),
        arithmetic=start.get("arithmetic", {}),
        declared=start.get("declared", {}),
        refused_values=start.get("refused", {}),
        tried=packed_cases(cases),
        classes=classes_met(cases),
        failing_cases=[
            {"test": event["test"], **case} for event in process.of_kind("failure") for case in event.get("cases", ())
        ],
    )


def _no_answer(process: SuiteProcess) -> tuple[str, str]:
    """The verdict on what exceeds its limit, and what it was asked, with the script where there is one."""
    told = process.of_kind("no answer")
    if not told:
        verdict = f"no answer in {process.silent:.3g} s"
        at_end = bool(process.of_kind("end"))
        if at_end:
            return verdict, "every test was run, and then its process did not end"
        return verdict, f"it was asked: {process.asked}; meanwhile it let no other thread of its process run"
    script = told[-1]["script"]
    head = "\n--- a script that asks the same, without this project ---\n" if script else ""
    return f"no answer in {told[-1]['seconds']:.3g} s", f"it was asked: {told[-1]['what']}{head}{script}"


def exit_status(results: Sequence[Result], required: bool) -> int:
    """0 where something was compared and nothing new diverged; with ``required``, nothing may be missing.

    2 where what an implementation declares makes no sense: as for a command line that makes none.
    """
    if any(result.verdict == "MISDECLARED" for result in results):
        return 2
    good = {"agrees"} | (set() if required else {"not run"})
    compared = any(result.numbers for result in results)
    return 0 if compared and all(result.verdict in good for result in results) else 1


def _coverage(process: SuiteProcess) -> dict[str, dict[str, int]]:
    """How much of the option space was tried; also of a run that crashed, as far as it came."""
    valid = {name: count for start in process.of_kind("start") for name, count in start["valid"].items()}
    reached = (process.of_kind("coverage") or [{"reached": {}}])[-1]["reached"]
    return {name: {"covered": reached.get(name, 0), "valid": count} for name, count in valid.items()}


def _repeated(process: SuiteProcess) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for event in process.of_kind("again"):
        its = found.setdefault(event["what"], {"calls": 0, "unlike": 0})
        its["calls"] += 1
        its["unlike"] += not event["alike"]
    return dict(sorted(found.items()))


def _accounts(process: SuiteProcess) -> dict[str, float]:
    """The process's accounts of its time, with its start and end added, which it cannot see itself."""
    for kept in process.of_kind("accounts"):
        ended = process.started + process.seconds
        return {START: kept["began"] - process.started, **kept["seconds"], END: ended - kept["ended"]}
    return {}


def _ran_every_test(process: SuiteProcess) -> bool:
    return any(event["collected"] == event["reported"] for event in process.of_kind("end"))


def _merged(found: list[dict[str, float]]) -> dict[str, float]:
    merged = {
        "numbers": sum(one["numbers"] for one in found),
        "worst": max((one["worst"] for one in found), default=0.0),
        "undecided": sum(one["undecided"] for one in found),
    }
    numbers, squares = measured(found)
    return merged | ({"deviations": math.sqrt(squares / numbers)} if numbers else {})


def _tail(log: str, lines: int = 25) -> str:
    """The last lines of a log; where Python's fault handler reported a crash, the lines from there on."""
    printed = log.splitlines()
    crash = [k for k, line in enumerate(printed) if line.startswith("Fatal Python error")]
    shown = printed[crash[-1] :][:lines] if crash else printed[-lines:]
    return "\n".join(printable(line) for line in shown)
