"""Failures of many combinations of options, told by the conditions that they share, each with its smallest case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import Verbosity

from conformance.cases.building import SizeLimits
from conformance.cases.classes.covering import classes_of
from conformance.cases.coverage import failure_conditions
from conformance.cases.option_space import Combination
from conformance.cases.strategies import cases_of_combinations
from conformance.contract import Case, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.suite.session import Session
from conformance.suite.trying import check_drawn_cases

_SHOWN_IN_FULL = 6  # conditions with their smallest case


@dataclass(frozen=True)
class Failed:
    """A combination, and what it carries, whose case failed under the test's label."""

    label: str
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


@dataclass
class Tried:
    """The combinations that have been tried, failed and passed."""

    failed: list[Failed] = field(default_factory=list)
    passed: list[Combination] = field(default_factory=list)

    def check(self, session: Session, label: str, case: Case, combination: Combination) -> None:
        """Checks a case, and goes on where it fails."""
        try:
            session.check(label, case, classes_of(combination))
            self.passed.append(combination)
        except Disagreement as error:
            self.failed.append(Failed(label, combination, case, error))

    def groups(self, session: Session) -> list[FailureGroup]:
        """The failures by the conditions that they share; those that are shown in full have their smallest case."""
        found, failed = without_fleeting(self.failed)
        conditions = failure_conditions([one.combination for one in failed], self.passed) if failed else []
        for number, (condition, which) in enumerate(conditions):
            smallest = smallest_failure(session, [failed[k] for k in which]) if number < _SHOWN_IN_FULL else None
            found.append(FailureGroup(condition, len(which), smallest))
        return found

    @property
    def count(self) -> int:
        """How many have been tried."""
        return len(self.failed) + len(self.passed)


def without_fleeting(failed: list[Failed]) -> tuple[list[FailureGroup], list[Failed]]:
    """A group of the failures that come and go, if there are any, and the others."""
    fleeting = [one for one in failed if one.error.comes_and_goes]
    if not fleeting:
        return [], failed
    group = FailureGroup(None, len(fleeting), min(fleeting, key=lambda one: one.case.size).error)
    return [group], [one for one in failed if not one.error.comes_and_goes]


def raise_failures(groups: list[FailureGroup], tried: int, what: str) -> None:
    """Raises one `Disagreement` about all failures, where there are any."""
    if groups:
        raise Disagreement(failure_message(groups, tried, what), partial(_failing_cases, groups))


def limits_of(session: Session) -> SizeLimits:
    """The limits of the cases' sizes; no row only where the implementation has ``empty_batch``."""
    return SizeLimits(empty_batch=attribute_of(session.implementation, "empty_batch"))


def failure_message(groups: list[FailureGroup], tried: int, what: str) -> str:
    """The failures, by the conditions that they share."""
    lines = [f"{sum(group.count for group in groups)} of {tried} {what} disagree"]
    for group in groups:
        what = "all that have: " * (group.condition is not None) + in_words(group.condition)
        lines += ["", f"{group.count} of them, {what}"]
        if group.smallest is not None:
            lines += [f"  {line}" for line in str(group.smallest).splitlines()]
    return "\n".join(lines)


def _failing_cases(groups: list[FailureGroup]) -> list[dict[str, Any]]:
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
        session.check(smallest.label, case)  # a test that has failed before records nothing

    combinations = [one.combination for one in failed]
    try:
        check_drawn_cases(
            100, cases_of_combinations(combinations, limits_of(session)), agrees, verbosity=Verbosity.quiet
        )
    except Disagreement as error:
        return error
    return smallest.error
