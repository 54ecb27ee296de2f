"""The suite's checks as functions, module by module, and a session that stops at the first thing that is wrong."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NoReturn

import numpy as np

from refimpl.precision import Precision

from ...cases.asking import observe
from ...contract import FAMILIES, Case, Quantities, family_of
from ...judging.arithmetic import arithmetic_of
from ...judging.expected import Expected, expect
from ...judging.verdict import Comparison, judge
from ...suite import (
    test_agreement,
    test_calls,
    test_classes,
    test_drawn_dropout,
    test_enumeration,
    test_fixtures,
    test_invariants,
    test_laws,
    test_refusals,
    test_stateful,
)
from ...suite.plan import CELL_VARIANTS, DTYPES, INVARIANTS, LAWS, MODULE_ORDER
from ...suite.session import Session
from .faults.conditional import is_right_about

FORWARD: Collection[str] = ("outputs", "state", "gates")
Check = tuple[str, Callable[[Session], None]]


class Caught(BaseException):
    """Something is wrong. No `Exception`, so that nothing looks for a smaller case first."""

    def __init__(self, comparisons: Collection[Comparison]) -> None:
        self.comparisons = tuple(comparisons)

    @property
    def families(self) -> tuple[str, ...]:
        """The families in which something is wrong."""
        return tuple(dict.fromkeys(map(_family, self.comparisons)))


@dataclass
class StoppingSession(Session):
    """A session that counts its cases, and stops at the first that is wrong.

    The oracle computes each case once a process, as all mutants get the same ones; they have no known divergences.

    families   what counts as wrong; other quantities are not looked at
    """

    families: Collection[str] = FAMILIES
    cases: int = 0

    def check(self, test: str, case: Case, classes: Mapping[str, str] = MappingProxyType({})) -> None:
        self.cases += 1
        if is_right_about(self.implementation, case):
            return
        try:
            observed = observe(self.implementation, case)
        except Exception as error:  # it raised, which is seen by whoever calls it
            raise Caught([_problem(f"raised {type(error).__name__}: {error}")]) from error
        # the oracle is asked after the call, as the suite does: it may have changed the case
        verdict = judge(self._expected(case), observed)
        self._judge(verdict.comparisons)
        if not verdict.comparisons:
            raise Caught([_problem("nothing was compared")])

    def bounds(self, case: Case) -> Quantities:
        return self._expected(case).bounds

    def check_comparisons(
        self,
        test: str,
        family: str,
        comparisons: tuple[Comparison, ...],
        case: Case,
        again: Callable[[], str] = str,
    ) -> None:
        self.record_comparisons(test, family, comparisons, case)

    def fail(self, case: Case, *lines: str, again: Callable[[], str] = str) -> NoReturn:
        raise Caught([_problem(line) for line in lines])

    def record_comparisons(self, test: str, family: str, comparisons: tuple[Comparison, ...], case: Case) -> None:
        self.cases += 1
        self._judge(comparisons)

    def _expected(self, case: Case) -> Expected:
        return _remembered(pickle.dumps(case.replace(call_options={})), arithmetic_of(self.implementation, case))

    def _judge(self, comparisons: Collection[Comparison]) -> None:
        wrong = [each for each in comparisons if not each.agrees and _family(each) in self.families]
        if wrong:
            raise Caught(wrong)


def _problem(what: str) -> Comparison:
    return Comparison("outputs", 0, np.inf, problem=what)


@lru_cache(maxsize=4096)
def _remembered(case: bytes, arithmetic: Precision) -> Expected:
    return expect(pickle.loads(case), arithmetic)


def _family(comparison: Comparison) -> str:
    """The family of what is compared; of what is no quantity, such as an argument that has changed, outputs."""
    found = family_of(comparison.quantity.rpartition(": ")[2])
    return found if found in FAMILIES else "outputs"


def agreement(session: Session) -> Iterator[Check]:
    test = test_agreement.test_values_and_gradients_agree_with_the_oracle
    for kind in CELL_VARIANTS:
        for dtype in DTYPES:
            yield f"{kind} {dtype}", partial(test, kind=kind, dtype=dtype)


def calls(session: Session) -> Iterator[Check]:
    yield "one layer", test_calls.test_one_layer_answers_as_new_ones_do
    yield "threads", test_calls.test_several_threads_get_the_same_answers
    yield "in turn", test_calls.test_many_calls_in_turn_change_nothing


def drawn_dropout(session: Session) -> Iterator[Check]:
    yield "draws", test_drawn_dropout.test_dropout_is_drawn_as_it_should_be


def classes(session: Session) -> Iterator[Check]:
    for kind in CELL_VARIANTS:
        yield kind, partial(test_classes.test_every_class_agrees_with_the_oracle, kind=kind)


def enumeration(session: Session) -> Iterator[Check]:
    yield "combinations", test_enumeration.test_every_combination_agrees_with_the_oracle


def fixtures(session: Session) -> Iterator[Check]:
    for fixture in test_fixtures.HAND_SIZED:
        yield fixture.id, partial(test_fixtures.test_the_hand_sized_case_is_exact, fixture=fixture)


def invariants(session: Session) -> Iterator[Check]:
    for invariant in INVARIANTS:
        yield invariant, partial(test_invariants.test_the_invariant_holds, invariant=invariant)


def laws(session: Session) -> Iterator[Check]:
    for law in LAWS:
        yield law, partial(test_laws.test_the_law_holds, law=law)


def refusals(session: Session) -> Iterator[Check]:
    test = test_refusals.test_the_framework_refuses_what_it_is_said_to_refuse
    for refusal, combinations in session.space.refused:
        yield ", ".join(refusal.when), partial(test, refusal=refusal, combinations=combinations)


def stateful(session: Session) -> Iterator[Check]:
    yield "calls", test_stateful.test_a_stateful_layer_goes_on_where_it_was


_MODULES = (agreement, calls, classes, drawn_dropout, enumeration, fixtures, invariants, laws, refusals, stateful)
MODULES: dict[str, Callable[[Session], Iterator[Check]]] = {
    name: module for name in MODULE_ORDER for module in _MODULES if module.__name__ == name
}
"""The suite's modules in the order in which they run, but for those about known divergences, which frameworks alone
have, and about what is left out, which is seen in all modules together."""
