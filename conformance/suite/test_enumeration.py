"""Every combination of options, or every triple of their values, agrees with the oracle: one small case each.

All of them are tried, whatever fails. What the failed ones have in common and no other has is told, each time with the
smallest case that Hypothesis can find among the combinations concerned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import Verbosity

from conformance.cases.building import Limits, Seeded, build
from conformance.cases.coverage import in_common
from conformance.cases.option_space import Combination
from conformance.cases.probing import build_probing, is_probing
from conformance.cases.strategies import cases_of
from conformance.contract import Case, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.suite.relations import tried
from conformance.suite.session import Session

_TOLD = 6  # failures told in full


@dataclass(frozen=True)
class Failed:
    """A combination, by its place in the option space, whose case failed."""

    place: int
    combination: Combination
    case: Case
    error: Disagreement


def test_every_combination_agrees_with_the_oracle(session: Session) -> None:
    failed: list[Failed] = []
    passed: list[Combination] = []
    for place in session.planned:
        combination = session.space.valid[place]
        sizes = attribute_of(session.implementation, "sizes")
        probes = sizes is None and is_probing(session.seed, place)  # sizes: what is compiled is for these alone
        built = build_probing if probes else build
        case = built(Seeded(session.seed, place, sizes=sizes), combination, limits_of(session))
        try:
            session.check(label(place), case)
            passed.append(combination)
        except Disagreement as error:
            failed.append(Failed(place, combination, case, error))
        session.covered(place)
    if failed:
        raise Disagreement(explained(session, failed, passed))


def limits_of(session: Session) -> Limits:
    """The sizes of the cases; without any row only where the implementation says that it takes that."""
    return Limits(empty_batch=attribute_of(session.implementation, "empty_batch"))


def label(place: int) -> str:
    return f"combination {place}"


def explained(session: Session, failed: list[Failed], passed: list[Combination]) -> str:
    """What fails, by what the combinations have in common."""
    lines = [f"{len(failed)} of {len(failed) + len(passed)} combinations of options disagree"]
    for number, (condition, which) in enumerate(in_common([one.combination for one in failed], passed)):
        lines += ["", f"{len(which)} of them, all that have: {shown(condition)}"]
        if number < _TOLD:
            message = smallest(session, [failed[k] for k in which])
            lines += [f"  {line}" for line in str(message).splitlines()]
    return "\n".join(lines)


def shown(condition: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in condition.items()) or "nothing in common"


def smallest(session: Session, failed: list[Failed]) -> Disagreement:
    """The failure with the least case that is found in a while; one of those given where none is smaller."""
    least = min(failed, key=lambda one: one.case.size)

    def agrees(case: Case) -> None:
        session.check(label(least.place), case)  # nothing is recorded of a test that has failed

    combinations = [one.combination for one in failed]
    try:
        tried(100, cases_of(combinations, limits_of(session)), agrees, verbosity=Verbosity.quiet)
    except Disagreement as error:
        return error
    return least.error
