"""A walk through an implementation's options: each combination in turn, and then all again with the next seed.

The first round at a seed asks what ``run --profile thorough`` asks of every combination at that seed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...cases.building import build_case
from ...cases.choosers import SeededChooser
from ...cases.option_space import Combination
from ...cases.probing import build_probing, is_probing
from ...common.arguments import count
from ...common.printable import LINE, printable
from ...contract import Case, NotRun, Observed, attribute_of, family_of
from ...implementations.finding import load, source_of
from ...judging.divergences import Disagreement, run_and_judge
from ...running.campaigns.chunks import Campaign, Chunk, Found
from ...suite.session import PROFILES, Session
from .ranges import COUNT, cut, dependencies, finite

_LEAST = -40  # binary exponent of a ratio: what is smaller counts as this
_SHOWN = 20
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cases", "numbers", "undecided", "known", "greatest", "ratios", "errors", "alarms", "answers"],
    "properties": {
        "cases": COUNT,
        "numbers": COUNT,
        "undecided": COUNT,
        "known": {"type": "object", "additionalProperties": COUNT},
        "greatest": {"type": "object", "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2}},
        "ratios": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": COUNT}},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2}},
        "alarms": {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2}},
        "answers": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this work."""
    parser.add_argument("--implementation", default="oracle", metavar="NAME", help="as of `run` (default: oracle)")
    parser.add_argument("--dtype", default="float32", help="(default: float32)")
    parser.add_argument("--cases", type=count, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--chunk", type=count, default=500, help="cases of a chunk (default: 500)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round (default: 0)")


def campaign_of(parsed: argparse.Namespace) -> Campaign:
    """The campaign that the options ask for."""
    source_of(parsed.implementation)
    shared = {"implementation": parsed.implementation, "dtype": parsed.dtype, "seed": parsed.seed}
    chunks = list(cut(judge_range, parsed.cases, parsed.chunk, **shared))
    return Campaign("walk", chunks, "cases", *dependencies(parsed.implementation), _SCHEMA, merged, show, passed)


def judge_range(implementation: str, dtype: str, seed: int, first: int, count: int) -> Found:
    """What came of the cases of these numbers.

    greatest   family to the greatest ``|got - expected| / limit``, and the number of its case
    ratios     family to how many cases have their greatest ratio at a binary exponent
    errors     family to how many errors were compared with their deviations, and the sum of the squares of the ratios
    known      known divergence to how many cases it applied to
    answers    a digest of every bit of every answer
    """
    session, combinations = _session(implementation, dtype)
    found = _Judged()
    for number in range(first, first + count):
        case = case_of(session, combinations, seed, number)
        try:
            verdict, known = run_and_judge(
                session.implementation, case, session.known_divergences, lambda answer: found.digest(answer)
            )
        except Disagreement as error:
            found.alarm(number, str(error))
            continue
        found.cases += 1
        for name in known:
            found.known[name] += 1
        for comparison in verdict.comparisons:
            its = found.errors[family_of(comparison.quantity)]
            its[0], its[1] = its[0] + comparison.measured, its[1] + comparison.squares
        for family, numbers, ratio, undecided in verdict.by_family():
            found.add(number, family, numbers, ratio, undecided)
        if verdict.disagreements:
            found.alarm(number, f"{case!r}: {verdict.disagreements[0]}")
    return found.as_json()


def case_of(session: Session, combinations: Sequence[tuple[int, Combination]], seed: int, number: int) -> Case:
    """The case of that number."""
    round_, place_ = divmod(number, len(combinations))
    place, combination = combinations[place_]
    sizes = attribute_of(session.implementation, "sizes")
    build = build_probing if sizes is None and is_probing(seed + round_, place) else build_case
    return session.prepared(build(SeededChooser(seed + round_, place, sizes=sizes), combination))


@cache
def _session(name: str, dtype: str) -> tuple[Session, Sequence[tuple[int, Combination]]]:
    """Made once in a worker: to import a framework takes seconds."""
    session = Session(load(name), PROFILES["thorough"])
    combinations = [(place, one) for place, one in enumerate(session.space.valid) if one["dtype"] == dtype]
    if not combinations:
        raise NotRun(f"{name} does not compute in {dtype}")
    return session, combinations


class _Judged:
    """What a range has found so far."""

    def __init__(self) -> None:
        self.cases = self.numbers = self.undecided = 0
        self.known: dict[str, int] = defaultdict(int)
        self.greatest: dict[str, list[Any]] = {}
        self.ratios: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.errors: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self.alarms: list[list[Any]] = []
        self._bits = hashlib.sha256()

    def add(self, number: int, family: str, numbers: int, ratio: float, undecided: int) -> None:
        """A family of quantities of a case."""
        self.numbers, self.undecided = self.numbers + numbers, self.undecided + undecided
        if not numbers:
            return
        if ratio > self.greatest.get(family, [-1.0])[0]:
            self.greatest[family] = [finite(ratio), number]
        exponent = max(_LEAST, math.frexp(finite(ratio))[1]) if ratio else _LEAST
        self.ratios[family][str(exponent)] += 1

    def alarm(self, number: int, message: str) -> None:
        """A case that does not agree."""
        self.alarms.append([number, printable(message.splitlines()[-1], LINE)])

    def digest(self, answer: Observed) -> None:
        """Takes in the bits of an answer."""
        for name, value in sorted(answer.values.items()):
            array = np.ascontiguousarray(value)
            self._bits.update(f"{name} {array.dtype} {array.shape}".encode())
            self._bits.update(array.tobytes())

    def as_json(self) -> dict[str, Any]:
        """The whole."""
        counts = {name: getattr(self, name) for name in ("cases", "numbers", "undecided", "known", "greatest")}
        more = {name: getattr(self, name) for name in ("ratios", "errors", "alarms")}
        return {**counts, **more, "answers": self._bits.hexdigest()}


def merged(results: Sequence[tuple[Chunk, Found]]) -> dict[str, Any]:
    """The results of all, as of one range."""
    total, bits = _Judged(), hashlib.sha256()
    for _, found in results:
        total.cases += found["cases"]
        total.numbers += found["numbers"]
        total.undecided += found["undecided"]
        total.alarms += found["alarms"]
        for name, its in found["known"].items():
            total.known[name] += its
        for family, (ratio, number) in found["greatest"].items():
            if ratio > total.greatest.get(family, [-1.0])[0]:
                total.greatest[family] = [ratio, number]
        for family, its in found["ratios"].items():
            for exponent, cases in its.items():
                total.ratios[family][exponent] += cases
        for family, (measured, squares) in found["errors"].items():
            total.errors[family][0] += measured
            total.errors[family][1] += squares
        bits.update(bytes.fromhex(found["answers"]))
    return {**total.as_json(), "answers": bits.hexdigest()}


def passed(found: Found) -> bool:
    """Whether something was compared, and all of it agreed."""
    return found["numbers"] > 0 and not found["alarms"]


def show(console: Any, found: Found) -> None:
    """Prints counts, the greatest error of each family, and alarms."""
    told = f"{found['cases']:,} cases, {found['numbers']:,} numbers, {found['undecided']:,} undecided"
    console.print(f"{told}, {len(found['alarms'])} alarms", highlight=False)
    for family, (ratio, number) in found["greatest"].items():
        measured, squares = found["errors"].get(family, (0, 0.0))
        typical = f"; {math.sqrt(squares / measured):.2f} deviations, root mean square" if measured else ""
        console.print(f"{family}: at most {ratio:.2g} of its limit, in case {number}{typical}", highlight=False)
    if known := _listed(found["known"]):
        console.print(f"known divergences: {known}", highlight=False)
    for number, message in found["alarms"][:_SHOWN]:
        console.print(f"case {number}: {message}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"all answers: {found['answers']}", highlight=False, soft_wrap=True)


def _listed(known: Mapping[str, int]) -> str:
    return ", ".join(f"{name} in {cases:,}" for name, cases in known.items())
