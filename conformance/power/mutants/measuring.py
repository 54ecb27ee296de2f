"""What catches a mutant: each module of the suite alone, and what it would take to do without the others.

All mutants have one option space, so that it is multiplied out and covered once a process (`Sharing`).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import hypothesis.core
import pytest

from ...contract import FAMILIES, Case, Implementation
from ...implementations.finding import offered
from ...suite import test_classes, trying
from ...suite.plan import combinations_with_classes
from ...suite.session import PROFILES, Session
from . import MUTANTS, bug_of, group_of
from .checks import FORWARD, MODULES, Caught, StoppingSession
from .faults.conditional import Conditional
from .layer import Textbook
from .other_suites import caught_by_published_cases, caught_by_the_corpus

GRADIENTS: Collection[str] = ("gradients",)
_OF_VALUES = ("refusals", "stateful")  # modules that never ask for a gradient


@dataclass(frozen=True)
class ModuleResult:
    """What one module of the suite found.

    caught     which of its checks caught the mutant; empty: none did
    message    the first thing that was wrong
    families   the families of quantities in which the first wrong case was wrong
    cases      how many cases it judged until then, or in all
    """

    caught: str
    message: str
    families: tuple[str, ...]
    cases: int
    seconds: float


@dataclass(frozen=True)
class MutantResult:
    """What the suite found of one mutant, by module.

    caught_alone   part of the suite, or other tests, to whether they alone would catch the mutant; None: not run
    """

    name: str
    group: str
    bug: str
    modules: Mapping[str, ModuleResult]
    caught_alone: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def caught_first_by(self) -> str:
        """The module that catches it first; empty where none does."""
        return next((name for name, result in self.modules.items() if result.caught), "")

    def cost_until_caught(self) -> tuple[int, float]:
        """How many cases and seconds it takes the modules in their order."""
        cases, seconds = 0, 0.0
        for result in self.modules.values():
            cases, seconds = cases + result.cases, seconds + result.seconds
            if result.caught:
                break
        return cases, seconds


def prepare_process(seed: int) -> None:
    """Makes this process draw what ``pytest --hypothesis-seed`` draws, and stop at a failure without shrinking it."""
    hypothesis.core.global_force_seed = seed  # type: ignore[assignment]  # untyped there, as pytest's plug-in sets it
    trying.SHRINKING_SECONDS = 0.0
    warnings.simplefilter("ignore")


@cache
def _shared(dtypes: tuple[str, ...], seed: int) -> Session:
    """A session that has multiplied out and covered the option space of all mutants."""
    made = Textbook()
    made.dtypes = dtypes
    return Session(made, PROFILES["quick"], seed=seed)


def session_of(implementation: Implementation, seed: int, families: Collection[str] = FAMILIES) -> StoppingSession:
    """A session of the quick profile against an implementation with the mutants' options."""
    found = StoppingSession(implementation, PROFILES["quick"], seed=seed, families=families)
    shared = _shared(tuple(implementation.dtypes), seed)
    found.space, found.tuples, found.planned = shared.space, shared.tuples, shared.planned
    return found


def run_module(
    module: str, implementation: Implementation, seed: int, families: Collection[str] = FAMILIES
) -> ModuleResult:
    """One module of the suite against an implementation, until the first case that is wrong."""
    session = session_of(implementation, seed, families)
    began, caught, message = time.perf_counter(), "", ""
    wrong: tuple[str, ...] = ("outputs",)
    for label, check in MODULES[module](session):
        try:
            check(session)
        except pytest.skip.Exception:
            continue
        except Caught as found:
            caught, message, wrong = label, str(found.comparisons[0]), found.families
        except Exception as error:
            caught, message = label, f"{type(error).__name__}: {error}"
        if caught:
            break
    return ModuleResult(
        caught, message if caught else "", wrong if caught else (), session.cases, time.perf_counter() - began
    )


def run_until_caught(
    implementation: Implementation, seed: int, modules: Sequence[str] = tuple(MODULES)
) -> dict[str, ModuleResult]:
    """The modules in turn, until one catches the implementation."""
    found: dict[str, ModuleResult] = {}
    for module in modules:
        found[module] = run_module(module, implementation, seed)
        if found[module].caught:
            break
    return found


def caught_where_it_holds(name: str, seed: int) -> ModuleResult:
    """A fault behind a condition, asked only cases of the quick profile that carry a class and meet the condition."""
    made = MUTANTS[name]()
    if not isinstance(made, Conditional):
        raise ValueError(f"{name}: expected a fault behind a condition")
    session, began = session_of(made, seed), time.perf_counter()
    for case in _cases_with_classes(seed):
        if made.holds(case):
            try:
                session.check(f"classes {case.kind}", case)
            except Caught as found:
                message = str(found.comparisons[0])
                seconds = time.perf_counter() - began
                return ModuleResult("classes", message, found.families, session.cases, seconds)
    return ModuleResult("", "", (), session.cases, time.perf_counter() - began)


@cache
def _cases_with_classes(seed: int) -> tuple[Case, ...]:
    session = session_of(Textbook(), seed)
    combinations = [one for its in combinations_with_classes(session).values() for one in its]
    return tuple(test_classes.built(session, one) for one in combinations)


def measure_mutant(name: str, seed: int) -> MutantResult:
    """Everything about one mutant."""
    made = MUTANTS[name]
    modules = {module: run_module(module, made(), seed) for module in MODULES}
    caught = [each for each in modules.values() if each.caught]
    caught_alone: dict[str, bool | None] = {
        "forward": _caught_by(caught, FORWARD, made, seed),
        "gradients": _caught_by(caught, GRADIENTS, made, seed),
        "corpus": caught_by_the_corpus(made),
        **{project: caught_by_published_cases(project, made) for project in offered("published_cases")},
    }
    return MutantResult(name, group_of(name), bug_of(name), modules, caught_alone)


def _caught_by(caught: Sequence[ModuleResult], families: Collection[str], made: type[Textbook], seed: int) -> bool:
    """Whether these families alone would catch it; the modules run again only where their results leave that open."""
    if any(set(each.families) & set(families) for each in caught):
        return True
    modules = [module for module in MODULES if families is FORWARD or module not in _OF_VALUES]
    return bool(caught) and any(run_module(module, made(), seed, families).caught for module in modules)


def as_json(found: Sequence[MutantResult]) -> list[dict[str, Any]]:
    """The score, for machines."""
    return [
        {
            "name": each.name,
            "group": each.group,
            "bug": each.bug,
            "caught_first_by": each.caught_first_by or None,
            "cases": each.cost_until_caught()[0],
            "seconds": round(each.cost_until_caught()[1], 3),
            "modules": {
                module: {"caught": its.caught or None, "said": its.message, "cases": its.cases,
                         "seconds": round(its.seconds, 3)}
                for module, its in each.modules.items()
            },
            "alone": dict(each.caught_alone),
        }
        for each in found
    ]  # fmt: skip
