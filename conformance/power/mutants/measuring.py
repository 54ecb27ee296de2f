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

from ...contract import FAMILIES, Implementation
from ...suite import trying
from ...suite.session import PROFILES, Session
from . import MUTANTS, bug_of, group_of
from .alone import caught_by_the_corpus, caught_by_the_onnx_cases
from .checks import FORWARD, MODULES, Caught, Watching
from .layer import Textbook

GRADIENTS: Collection[str] = ("gradients",)
_OF_VALUES = ("refusals", "stateful")  # modules that never ask for a gradient


@dataclass(frozen=True)
class Tried:
    """What came of one module.

    caught     which of its checks caught the mutant; empty: none did
    said       what it said
    families   the families of quantities in which the first wrong case was wrong
    cases      how many cases it judged until then, or in all
    """

    caught: str
    said: str
    families: tuple[str, ...]
    cases: int
    seconds: float


@dataclass(frozen=True)
class Found:
    """What came of one mutant; ``alone``: what part of the suite would catch it without the others, None: not run."""

    name: str
    group: str
    bug: str
    modules: Mapping[str, Tried]
    alone: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The module that catches it first; empty where none does."""
        return next((name for name, tried in self.modules.items() if tried.caught), "")

    def until_caught(self) -> tuple[int, float]:
        """How many cases and seconds it takes the modules in their order."""
        cases, seconds = 0, 0.0
        for tried in self.modules.values():
            cases, seconds = cases + tried.cases, seconds + tried.seconds
            if tried.caught:
                break
        return cases, seconds


def prepare(seed: int) -> None:
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


def session_of(implementation: Implementation, seed: int, families: Collection[str] = FAMILIES) -> Watching:
    """A session of the quick profile against an implementation with the mutants' options."""
    found = Watching(implementation, PROFILES["quick"], seed=seed, families=families)
    shared = _shared(tuple(implementation.dtypes), seed)
    found.space, found.tuples, found.planned = shared.space, shared.tuples, shared.planned
    return found


def tried(module: str, implementation: Implementation, seed: int, families: Collection[str] = FAMILIES) -> Tried:
    """One module of the suite against an implementation, until the first case that is wrong."""
    session = session_of(implementation, seed, families)
    began, caught, said = time.perf_counter(), "", ""
    wrong: tuple[str, ...] = ("outputs",)
    for label, check in MODULES[module](session):
        try:
            check(session)
        except pytest.skip.Exception:
            continue
        except Caught as found:
            caught, said, wrong = label, str(found.comparisons[0]), found.families
        except Exception as error:
            caught, said = label, f"{type(error).__name__}: {error}"
        if caught:
            break
    return Tried(caught, said if caught else "", wrong if caught else (), session.cases, time.perf_counter() - began)


def first(implementation: Implementation, seed: int, modules: Sequence[str] = tuple(MODULES)) -> dict[str, Tried]:
    """The modules in turn, until one catches the implementation."""
    found: dict[str, Tried] = {}
    for module in modules:
        found[module] = tried(module, implementation, seed)
        if found[module].caught:
            break
    return found


def measure(name: str, seed: int) -> Found:
    """Everything about one mutant."""
    made = MUTANTS[name]
    modules = {module: tried(module, made(), seed) for module in MODULES}
    caught = [each for each in modules.values() if each.caught]
    alone: dict[str, bool | None] = {
        "forward": _by(caught, FORWARD, made, seed),
        "gradients": _by(caught, GRADIENTS, made, seed),
        "corpus": caught_by_the_corpus(made),
        "onnx": caught_by_the_onnx_cases(made),
    }
    return Found(name, group_of(name), bug_of(name), modules, alone)


def _by(caught: Sequence[Tried], families: Collection[str], made: type[Textbook], seed: int) -> bool:
    """Whether these families alone would do; all is asked again only where it cannot be told from what was caught."""
    if any(set(each.families) & set(families) for each in caught):
        return True
    modules = [module for module in MODULES if families is FORWARD or module not in _OF_VALUES]
    return bool(caught) and any(tried(module, made(), seed, families).caught for module in modules)


def as_json(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The score, for machines."""
    return [
        {
            "name": each.name,
            "group": each.group,
            "bug": each.bug,
            "caught_first_by": each.first or None,
            "cases": each.until_caught()[0],
            "seconds": round(each.until_caught()[1], 3),
            "modules": {
                module: {"caught": its.caught or None, "said": its.said, "cases": its.cases,
                         "seconds": round(its.seconds, 3)}
                for module, its in each.modules.items()
            },
            "alone": dict(each.alone),
        }
        for each in found
    ]  # fmt: skip
