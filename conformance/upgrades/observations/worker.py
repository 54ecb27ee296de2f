"""Puts every question to one implementation: ``python -m conformance.upgrades.observations.worker NAME FIRST RECORD``.

Writes each answer as a line of JSON as soon as it has it. Where a framework crashes the process, the question is known,
and another process goes on with the next one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...cases.building import SizeLimits, build_case
from ...cases.choosers import SeededChooser
from ...cases.declarations import with_defaults
from ...cases.option_space import Combination, space_of
from ...contract import Case, Implementation, Misdeclared, NotRun, attribute_of, observe
from ...implementations.finding import load
from ...judging.divergences import known_divergences, still_shows
from ...judging.expected import OracleAnswer
from ...running.events import append_event, record_named
from ...running.machine import machine
from .questions import Question, questions
from .record import encoded_values

_TIMES = 9  # a call and the oracle's, in turn
_LIMITS = SizeLimits(batch=16, time=20, input=32, hidden=32)
_SIZES = {name: getattr(_LIMITS, name) for name in ("batch", "time", "input", "hidden")}
_TIMED: Mapping[str, Any] = {"dtype": "float32", "initial_state": True, "gradients": True}
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
        "surface": interface(),
    }


def question_fields(question: Question) -> dict[str, Any]:
    """The fields of a recorded answer that tell its question."""
    line = {"options": dict(question.options), "draw": question.draw, "digest": question.digest}
    return line | {"sizes": dict(question.sizes)} if question.sizes else line


def answer_fields(implementation: Implementation, question: Question) -> dict[str, Any]:
    """The other fields of a recorded answer: what the implementation returned or raised."""
    try:
        observed = observe(implementation, question.case)
    except Exception as error:
        return {"path": "", "values": {}, "raised": {"type": type(error).__name__, "message": str(error)[:_MESSAGE]}}
    return {"path": observed.path, "values": encoded_values(observed.values)}


def known_divergences_seen(implementation: Implementation) -> dict[str, str]:
    """Id of each divergence that is known of it in some version and has a minimal case, to whether that ``shows``."""
    name = implementation.name
    entries = [entry for entry in known_divergences() if name in entry.implementations and entry.minimal is not None]
    return {entry.id: "shows" if still_shows(implementation, entry) else "gone" for entry in entries}


def relative_speed(implementation: Implementation) -> dict[str, float]:
    """Kind of cell to the seconds of a call, forward and backward, over those of the oracle.

    Both are called in turn, and the shortest time of each counts. The call is the suite's: it sets the weights and
    converts the arrays. A kind that raises is left out.
    """
    space = space_of(implementation.cells, implementation.dtypes, attribute_of(implementation, "refused"))
    found = {}
    for kind in dict.fromkeys(combination["kind"] for combination in space.valid):
        its = [one for one in space.valid if one["kind"] == kind]
        case = build_case(SeededChooser(0, sizes=_SIZES), min(its, key=_count_unusual), _LIMITS)
        try:
            found[kind] = _ratio(implementation, case)
        except Exception:  # the answers show what it cannot compute
            continue
    return found


def _count_unusual(combination: Combination) -> int:
    """How many options differ from what is timed and from the defaults."""
    defaults = with_defaults({"kind": combination["kind"]}, ("float32",))
    usual = {name: values[0] for name, values in defaults.items()} | dict(_TIMED)
    return sum(value != usual.get(name, value) for name, value in combination.items())


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
