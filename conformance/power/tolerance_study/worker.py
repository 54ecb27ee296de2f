"""Some cases of one implementation.

``python -m conformance.power.tolerance_study.worker NAME DTYPE SEED FIRST COUNT FAULTS RECORD``

FAULTS is "faults" where the least faults that are seen are looked for too.

Writes a line of JSON to the record for every group of cases, so that a study that is stopped keeps what it found.
Groups that the record has already are not judged again.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.precision import Precision

from ...cases.asking import observe
from ...contract import Case, NotRun, family_of
from ...implementations.finding import load
from ...judging.arithmetic import arithmetic_of
from ...judging.divergences import Disagreement, expected_with, run_and_judge
from ...judging.expected import Expected, OracleAnswer
from ...running.events import append_event
from ...suite.session import PROFILES, Session
from .cases import GROUP_SIZE, StudyCases, looks_for_faults, manner_of
from .sensitivity import WANTED_SENSITIVITY, least_visible_changes, visible_faults


def main(arguments: Sequence[str]) -> int:
    """Judges the cases from the number FIRST on."""
    name, dtype, seed, first, count, faults, path = arguments
    record, start = Path(path), int(first)
    groups = range(start, start + int(count), GROUP_SIZE)
    todo = sorted(set(groups) - set(recorded_groups(record)))
    if not todo:
        return 0
    try:
        session = Session(load(name), PROFILES["quick"])
    except NotRun as error:
        append_event(record, event="not run", why=str(error))
        return 0
    if dtype not in session.implementation.dtypes:
        append_event(record, event="not run", why=f"{name} does not compute in {dtype}")
        return 0
    append_event(record, event="versions", versions=dict(session.implementation.versions))
    draws = StudyCases(session, dtype, int(seed))
    for group in todo:
        numbers = range(group, min(group + GROUP_SIZE, start + int(count)))
        append_event(record, event="group", first=group, **judge_group(draws, numbers, faults=faults == "faults"))
    return 0


def recorded_groups(record: Path) -> list[int]:
    """The first numbers of the groups in a record; a line that a killed process did not finish is cut off."""
    if not record.exists():
        return []
    whole, _, rest = record.read_bytes().rpartition(b"\n")
    if rest:
        record.write_bytes(whole + b"\n" * bool(whole))
    events = [json.loads(line) for line in whole.splitlines()]
    return [event["first"] for event in events if event["event"] == "group"]


def judge_group(draws: StudyCases, numbers: Sequence[int], faults: bool = True) -> dict[str, Any]:
    """What came of some cases: each one's worst error in units of its bound by family; which faults would be seen."""
    session, alarms, kind = draws.session, [], ""
    worst: dict[str, list[float]] = defaultdict(list)
    measured: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    farthest: list[float] = []
    visible: dict[str, list[tuple[str, float, bool | None]]] = defaultdict(list)
    cases = compared = undecided = 0
    seconds = [0.0, 0.0]
    for number in numbers:
        case = draws.case(number)
        kind = case.kind
        try:
            verdict, _ = run_and_judge(session.implementation, case, session.known_divergences)
        except Disagreement as error:
            alarms.append({"case": number, "message": str(error)})
            continue
        families = list(verdict.by_family())
        for family, numbers_, ratio, unknown in families:
            compared, undecided = compared + numbers_, undecided + unknown
            if numbers_:
                worst[family].append(ratio)
        for comparison in verdict.comparisons:
            its = measured[family_of(comparison.quantity)]
            its[0], its[1] = its[0] + comparison.measured, its[1] + comparison.squares
        if verdict.numbers:
            cases += 1
            if any(comparison.measured for comparison in verdict.comparisons):
                farthest.append(max(comparison.farthest for comparison in verdict.comparisons))
            worst["all"].append(max(ratio for _, _, ratio, _ in families))
        if verdict.disagreements:
            alarms.append({"case": number, "message": f"{case!r}: {verdict.disagreements[0]}"})
        if faults and looks_for_faults(number):
            for k, spent in enumerate(_seconds(case, arithmetic_of(session.implementation, case))):
                seconds[k] += spent
            expected = expected_with(session.implementation, case, session.known_divergences)
            names = [comparison.quantity for comparison in verdict.comparisons if comparison.numbers]
            asked = (case, expected, names)
            at_bar = _at_bar(draws, number, asked)
            for target, least in least_visible_changes(*asked, np.random.default_rng((draws.seed, number))).items():
                recorded = least if np.isfinite(least) else -1.0
                visible[target].append((manner_of(number), recorded, at_bar.get(target)))
    return {
        "kind": kind,
        "cases": cases,
        "numbers": compared,
        "undecided": undecided,
        "worst": worst,
        "measured": measured,
        "farthest": farthest,
        "seen": visible,
        "alarms": alarms,
        "seconds": seconds,
    }


def _at_bar(draws: StudyCases, number: int, asked: tuple[Case, Expected, list[str]]) -> Mapping[str, bool]:
    """Which faults of the size that the project wants to see are seen; none where nothing is compared or wanted."""
    if draws.dtype not in WANTED_SENSITIVITY or not asked[2]:
        return {}
    rng = np.random.default_rng((draws.seed, number))
    return visible_faults(
        *asked, rng, WANTED_SENSITIVITY[draws.dtype], lambda faulty: observe(draws.session.implementation, faulty)
    )


def _seconds(case: Case, arithmetic: Precision) -> tuple[float, float]:
    """The processor's time that the oracle's answer takes, and its sampled deviations."""
    truth, times = OracleAnswer(case), [time.process_time()]
    for ask in (lambda: truth.values, lambda: truth.expected(arithmetic).deviations["outputs"]):
        ask()
        times.append(time.process_time())
    return times[1] - times[0], times[2] - times[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
