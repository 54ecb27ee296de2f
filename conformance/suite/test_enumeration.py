"""Every combination of options, or every triple of their values, agrees with the oracle: one small case each.

The test tries every planned combination. It reports each failure as the condition that the failing combinations share,
with the smallest case that Hypothesis finds among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import Verbosity

from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.coverage import failure_conditions
from conformance.cases.option_space import Combination
from conformance.cases.probing import build_probing, is_probing
from conformance.cases.strategies import cases_of_combinations
from conformance.contract import Case, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.suite.session import Session
from conformance.suite.trying import check_drawn_cases

_SHOWN_IN_FULL = 6  # conditions with their smallest case


@dataclass(frozen=True)
class Failed:
    """A combination, by its place in the option space, whose case failed."""

    place: int
    combination: Combination
    case: Case
    error: Disagreement


@dataclass(frozen=True)
class FailureGroup:
    """Failures that share a condition: how many, and the smallest of them where it is shown.

    condition   None: these come and go from call to call, so that no option is what they depend on
    """

    condition: Mapping[str, Any] | None
    count: int
    smallest: Disagreement | None


def test_every_combination_agrees_with_the_oracle(session: Session) -> None:
    failed: list[Failed] = []
    passed: list[Combination] = []
    for place in session.planned:
        combination = session.space.valid[place]
        sizes = attribute_of(session.implementation, "sizes")
        probing = sizes is None and is_probing(session.seed, place)  # what is compiled is for the given sizes alone
        build = build_probing if probing else build_case
        case = build(SeededChooser(session.seed, place, sizes=sizes), combination, limits_of(session))
        try:
            session.check(label(place), case)
            passed.append(combination)
        except Disagreement as error:
            failed.append(Failed(place, combination, case, error))
        session.record_coverage(place)
    if failed:
        groups = failure_groups(session, failed, passed)
        raise Disagreement(failure_message(groups, len(failed) + len(passed)), partial(failing_cases, groups))


def limits_of(session: Session) -> SizeLimits:
    """The limits of the cases' sizes; no row only where the implementation has ``empty_batch``."""
    return SizeLimits(empty_batch=attribute_of(session.implementation, "empty_batch"))


def label(place: int) -> str:
    return f"combination {place}"


def failure_groups(session: Session, failed: list[Failed], passed: list[Combination]) -> list[FailureGroup]:
    """The failures by the conditions that they share; those that are shown in full have their smallest case."""
    found: list[FailureGroup] = []
    fleeting = [one for one in failed if one.error.comes_and_goes]
    if fleeting:
        found.append(FailureGroup(None, len(fleeting), min(fleeting, key=lambda one: one.case.size).error))
        failed = [one for one in failed if not one.error.comes_and_goes]
    for number, (condition, which) in enumerate(failure_conditions([one.combination for one in failed], passed)):
        smallest = smallest_failure(session, [failed[k] for k in which]) if number < _SHOWN_IN_FULL else None
        found.append(FailureGroup(condition, len(which), smallest))
    return found


def failure_message(groups: list[FailureGroup], tried: int) -> str:
    """The failures, by the conditions that they share."""
    lines = [f"{sum(group.count for group in groups)} of {tried} combinations of options disagree"]
    for group in groups:
        what = "all that have: " * (group.condition is not None) + in_words(group.condition)
        lines += ["", f"{group.count} of them, {what}"]
        if group.smallest is not None:
            lines += [f"  {line}" for line in str(group.smallest).splitlines()]
    return "\n".join(lines)


def failing_cases(groups: list[FailureGroup]) -> list[dict[str, Any]]:
    """The smallest failing case of each condition, with the condition and how many combinations have it."""
    return [
        {**case, "condition": in_words(group.condition), "combinations": group.count}
        for group in groups
        if group.smallest is not None
        for case in group.smallest.failing_cases()
    ]


def in_words(condition: Mapping[str, Any] | None) -> str:
    if condition is None:
        return "which come and go: the same case is right in another call"
    return ", ".join(f"{name}={value!r}" for name, value in condition.items()) or "nothing in common"


def smallest_failure(session: Session, failed: list[Failed]) -> Disagreement:
    """The failure with the smallest case that Hypothesis finds, or one of those given where it finds none."""
    smallest = min(failed, key=lambda one: one.case.size)

    def agrees(case: Case) -> None:
        session.check(label(smallest.place), case)  # a test that has failed before records nothing

    combinations = [one.combination for one in failed]
    try:
        check_drawn_cases(
            100, cases_of_combinations(combinations, limits_of(session)), agrees, verbosity=Verbosity.quiet
        )
    except Disagreement as error:
        return error
    return smallest.error
