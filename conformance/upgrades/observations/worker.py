"""Puts every question to one implementation: ``python -m conformance.upgrades.observations.worker NAME FIRST RECORD``.

Writes each answer as a line of JSON as soon as it has it. Where a framework crashes the process, the question is known,
and another process goes on with the next one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...cases.asking import observe
from ...cases.building import SizeLimits, build_case
from ...cases.choosers import SeededChooser
from ...cases.declarations import Misdeclared
from ...cases.option_space import space_of
from ...contract import Case, Implementation, NotRun, attribute_of
from ...implementations.finding import load
from ...judging.divergences import Divergence, known_divergences, script_of, still_shows
from ...judging.divergences.scripts import statuses_of
from ...judging.expected import OracleAnswer
from ...running.events import append_event, record_named
from ...running.machine import machine
from ...suite.drawing import drawn_surface
from .questions import Question, count_unusual, questions
from .record import encoded_values, question_extras
from .thinning import digest_of_bits, thinned

_TIMES = 9  # a call and the oracle's, in turn
_LIMITS = SizeLimits(batch=16, time=20, input=32, hidden=32)
_SIZES = {name: getattr(_LIMITS, name) for name in ("batch", "time", "input", "hidden")}
_MESSAGE = 300  # characters kept of what was raised


def main(arguments: Sequence[str]) -> int:
    """Puts the questions from the number FIRST on; at the first of all it describes the implementation before."""
    name, first, path = arguments
    record, start = record_named(path), int(first)
    try:
        implementation = load(name)
        its = questions(implementation)
    except (NotRun, Misdeclared) as error:
        append_event(record, event="not run", why=str(error))
        return 0
    if not start:
        append_event(record, event="about", **observation_fields(implementation), questions=len(its))
    for question in its[start:]:
        append_event(record, event="asked", **question_fields(question))
        append_event(record, event="gave", **answer_fields(implementation, question))
    append_event(record, event="divergences", found=known_divergences_seen(implementation))
    append_event(record, event="speed", found=relative_speed(implementation))
    append_event(record, event="end")
    return 0


def observation_fields(implementation: Implementation) -> dict[str, Any]:
    """The fields of an observation that describe the implementation."""
    interface = attribute_of(implementation, "interface")
    return {
        "implementation": implementation.name,
        "versions": {**implementation.versions, "numpy": np.__version__},
        "machine": machine(),
        "arithmetic": dict(attribute_of(implementation, "arithmetic")),
        "surface": {**interface(), **drawn_surface(implementation)},
    }


def question_fields(question: Question) -> dict[str, Any]:
    """The fields of a recorded answer that tell its question."""
    line = {"options": dict(question.options), "draw": question.draw, "digest": question.digest}
    return line | question_extras(question)


def answer_fields(implementation: Implementation, question: Question) -> dict[str, Any]:
    """The other fields of a recorded answer: what the implementation returned or raised."""
    try:
        observed = observe(implementation, question.case)
    except Exception as error:
        return {"path": "", "values": {}, "raised": {"type": type(error).__name__, "message": str(error)[:_MESSAGE]}}
    if question.size:
        kept = encoded_values(thinned(observed.values))
        return {"path": observed.path, "values": kept, "bits": digest_of_bits(observed.values)}
    return {"path": observed.path, "values": encoded_values(observed.values)}


def known_divergences_seen(implementation: Implementation) -> dict[str, str]:
    """Id of each divergence that is known of it in some version to whether it ``shows``.

    Its minimal case says so, or its script where it has none. A script that can say neither here is left out.
    """
    by_case, by_script = divergences_to_try(implementation.name)
    found = {entry.id: still_shows(implementation, entry) for entry in by_case}
    if by_script:
        statuses = statuses_of([script_of(entry) for entry in by_script], {})
        said = {entry.id: statuses.get(script_of(entry).name) for entry in by_script}
        found |= {identifier: status == 1 for identifier, status in said.items() if status in (0, 1)}
    return {identifier: "shows" if shows else "gone" for identifier, shows in found.items()}


def divergences_to_try(name: str) -> tuple[list[Divergence], list[Divergence]]:
    """The divergences that are known of an implementation in some version: with a minimal case, and with none."""
    entries = [entry for entry in known_divergences() if name in entry.implementations]
    without = [entry for entry in entries if entry.minimal is None]
    return [entry for entry in entries if entry.minimal is not None], without


def relative_speed(implementation: Implementation) -> dict[str, float]:
    """Kind of cell to the seconds of a call, forward and backward, over those of the oracle.

    Both are called in turn, and the shortest time of each counts. The call is the suite's: it sets the weights and
    converts the arrays. A kind that raises is left out.
    """
    space = space_of(implementation.cells, implementation.dtypes, attribute_of(implementation, "refused"))
    found = {}
    for kind in dict.fromkeys(combination["kind"] for combination in space.valid):
        its = [one for one in space.valid if one["kind"] == kind]
        case = build_case(SeededChooser(0, sizes=_SIZES), min(its, key=count_unusual), _LIMITS)
        try:
            found[kind] = _ratio(implementation, case)
        except Exception:  # the answers show what it cannot compute
            continue
    return found


def _ratio(implementation: Implementation, case: Case) -> float:
    times: list[tuple[float, float]] = []
    observe(implementation, case)  # compiles what is to be compiled
    for _ in range(_TIMES):
        moments = [time.perf_counter()]
        for ask in (lambda: observe(implementation, case), lambda: OracleAnswer(case).values):
            ask()
            moments.append(time.perf_counter())
        times.append((moments[1] - moments[0], moments[2] - moments[1]))
    theirs, ours = zip(*times, strict=True)
    return float(min(theirs) / min(ours))  # what else the machine does only adds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
