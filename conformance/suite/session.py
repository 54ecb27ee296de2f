"""What one run of the suite against one implementation carries: the implementation, the profile, the record.

Every verdict is written as one JSON line to the record as soon as it is known, so that a run that is interrupted or
crashes has told what it did. `conformance.reporting.results` reads these lines.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from ..cases.coverage import Coverage, Tuples
from ..cases.option_space import Space, space_of
from ..contract import Case, Implementation, Quantities, attribute_of
from ..judging.divergences import Disagreement, Divergence, concerning, examine, expected_of
from ..judging.reproduction import script
from ..judging.verdict import Comparison, Verdict
from ..running.processes import append

_SHOWN = 8
_PRINTED = 10_000  # numbers that go in: a case of more is not printed as a script
_SWITCHES = ("cudnn", "use_cudnn", "tf32", "autocast", "deterministic", "form")  # which kernels a GPU runs
CHANGES = ("error", "wrong", "computes")  # effects of a divergence that change more than the precision
SESSION = pytest.StashKey["Session"]()  # where pytest's configuration keeps the session


@dataclass(frozen=True)
class Profile:
    """How much is tried.

    every      every valid combination of options; else a set of them that has every triple of option values
    cases      random cases an implementation, shared out over its kinds of cell and dtypes
    laws       random cases for each law and invariant
    machines   runs of the stateful machine
    """

    every: bool
    cases: int
    laws: int
    machines: int


PROFILES = {
    "quick": Profile(every=False, cases=96, laws=5, machines=5),
    "thorough": Profile(every=True, cases=400, laws=20, machines=20),
}


def drawing(examples: int, **more: Any) -> settings:
    """Hypothesis settings for that many examples: no deadline, no database, so that a seed says it all.

    Hypothesis derandomizes by itself where it sees a CI, and would ignore the seed.
    """
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=False, suppress_health_check=slow, **more
    )


@dataclass
class Session:
    """One run against one implementation."""

    implementation: Implementation
    profile: Profile
    record: Path | None = None
    seed: int = 0
    _failed: set[str] = field(default_factory=set)

    @property
    def device(self) -> str:
        """Where the implementation computes."""
        return str(attribute_of(self.implementation, "device"))

    @cached_property
    def space(self) -> Space:
        """Every combination of options that the implementation declares."""
        its = self.implementation
        return space_of(its.cells, its.dtypes, attribute_of(its, "refused"))

    @cached_property
    def tuples(self) -> Tuples:
        """The triples of option values that can be covered."""
        return Tuples(self.space.valid)

    @cached_property
    def planned(self) -> list[int]:
        """The places of the valid combinations that are tried."""
        return list(range(len(self.space.valid))) if self.profile.every else self.tuples.cover(self.seed)

    @cached_property
    def coverage(self) -> Coverage:
        """What of the option space has been tried."""
        return Coverage(self.tuples)

    @property
    def laws(self) -> int:
        """How many random cases each law and invariant gets: fewer where an implementation says it is ``expensive``."""
        expensive = attribute_of(self.implementation, "expensive")
        return max(1, self.profile.laws // 20) if expensive else self.profile.laws

    @cached_property
    def known(self) -> tuple[Divergence, ...]:
        """The known divergences of the implementation."""
        return concerning(self.implementation)

    def diverges(self, case: Case, effects: Collection[str] = CHANGES) -> bool:
        """Whether a known divergence with one of these effects applies."""
        return any(entry.effect in effects and entry.applies_to(case) for entry in self.known)

    def bounds(self, case: Case) -> Quantities:
        """How far an answer may be off, known losses of precision allowed for."""
        return expected_of(self.implementation, case, self.known).bounds

    def prepared(self, case: Case) -> Case:
        """The case with what only the framework can know, such as the factors of dropout that it will draw."""
        prepare: Callable[[Case], Case] | None = attribute_of(self.implementation, "prepare")
        return case if prepare is None else prepare(case)

    def start(self, planned: int) -> None:
        """Says what is about to run."""
        self._write(
            event="start",
            name=self.implementation.name,
            versions=dict(self.implementation.versions),
            python=platform.python_version(),
            numpy=np.__version__,
            planned=planned,
            valid=self.coverage.valid,
        )

    def check(self, test: str, case: Case) -> None:
        """Runs and judges a case; raises `Disagreement` with a message made to be acted on."""
        case = self.prepared(case)
        try:
            verdict, known = examine(self.implementation, case, self.known)
        except Disagreement as error:
            self._report(test, Verdict((Comparison("call", 0, np.inf, problem=str(error)),)), ())
            lines = str(error).splitlines()[1:]
            raise Disagreement(lambda: self._explained(case, lines)) from error
        self._report(test, verdict, known)
        if verdict.disagreements:
            lines = [str(comparison) for comparison in verdict.disagreements]
            raise Disagreement(lambda: self._explained(case, lines))

    def compared(self, test: str, family: str, comparisons: tuple[Comparison, ...], case: Case) -> None:
        """Records comparisons made elsewhere, under a family of their own; raises where they disagree."""
        self.recorded(test, family, comparisons)
        wrong = [str(comparison) for comparison in comparisons if not comparison.agrees]
        if wrong:
            raise Disagreement(lambda: self._explained(case, [test, *wrong]))

    def recorded(self, test: str, family: str, comparisons: tuple[Comparison, ...]) -> None:
        """Records comparisons made and explained elsewhere."""
        self._report(test, Verdict(comparisons), (), family)

    def covered(self, place: int) -> None:
        """Says that the combination at this place of the option space has been tried."""
        self.coverage.add(place)
        self._write(event="coverage", reached=self.coverage.reached)

    def refused(self, combinations: int, reason: str) -> None:
        """Says that the framework refuses what it is said to refuse, and how many combinations that are."""
        self._write(event="refused", combinations=combinations, reason=reason)

    def end(self, collected: int, reported: int) -> None:
        """Says that the run came to its end, and whether every test that it began with was reported."""
        self._write(event="end", collected=collected, reported=reported)

    def not_run(self, what: str, why: str) -> None:
        """Says what did not run, and why."""
        self._write(event="not run", what=what, why=why)

    def called_again(self, case: Case, alike: bool) -> None:
        """Says that a case was given to the implementation again, and whether the answer was the same bit for bit."""
        switches = [f"{name}={case.call_options[name]!r}" for name in _SWITCHES if name in case.call_options]
        self._write(event="again", what=", ".join((f"{case.kind} {case.dtype_name}", *switches)), alike=alike)

    def divergence(self, identifier: str, summary: str) -> None:
        """Says which known divergence shows."""
        self._write(event="divergence", id=identifier, summary=summary)

    def failure(self, test: str, message: str) -> None:
        """Keeps a test's final message, after Hypothesis has found its minimal case."""
        self._write(event="failure", test=test, message=message)

    def _explained(self, case: Case, lines: list[str]) -> str:
        name, versions = self.implementation.name, self.implementation.versions
        more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        return "\n".join(
            [
                f"{name} ({', '.join(f'{k} {v}' for k, v in versions.items())}) disagrees with the oracle",
                f"  {case!r}",
                *(f"  {line}" for line in [*lines[:_SHOWN], *more]),
                "",
                *self._script(case),
            ]
        )

    def _script(self, case: Case) -> list[str]:
        if case.size > _PRINTED:
            return [f"no script is printed: {case.size:,} numbers go in; the test and the seed draw them again"]
        return [
            "--- a script that reproduces it, without this project ---",
            script(self.implementation, case, expected_of(self.implementation, case, self.known)),
            "--- end of script ---",
        ]

    def _report(self, test: str, verdict: Verdict, known: tuple[str, ...], family: str | None = None) -> None:
        """Records a verdict, but none of those that only shrink a failure already found."""
        if test in self._failed:
            return
        wrong = not all(comparison.agrees for comparison in verdict.comparisons)
        if wrong:
            self._failed.add(test)
        families = {
            name: {"numbers": numbers, "worst": ratio, "undecided": undecided}
            for name, numbers, ratio, undecided in verdict.by_family()
        }
        if family is not None:
            merged = verdict.comparisons
            families = {
                family: {
                    "numbers": sum(c.numbers for c in merged),
                    "worst": max((c.ratio for c in merged), default=0.0),
                    "undecided": sum(c.undecided for c in merged),
                }
            }
        self._write(
            event="case",
            test=test,
            families=families,
            missing=_reasons(verdict.missing),
            known=list(known),
            path=verdict.path,
        )

    def _write(self, **event: Any) -> None:
        append(self.record, **event)


def _reasons(missing: Mapping[str, str]) -> dict[str, str]:
    """Quantity to reason, gates and the like merged under their family."""
    return {quantity.split(".")[0]: why for quantity, why in missing.items()}
