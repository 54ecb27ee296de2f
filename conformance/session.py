"""What one run of the suite against one implementation carries: the implementation, the profile, the record.

Every verdict is written as one JSON line to the record as soon as it is known, so that a run that is interrupted or
crashes has told what it did. `conformance.report` reads these lines.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from .cases import Case, Comparison, Verdict
from .divergences import Disagreement, concerning, examine, expected_of
from .implementations import Implementation
from .script import script

_SHOWN = 8
SESSION = pytest.StashKey["Session"]()  # where pytest's configuration keeps the session
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Profile:
    """How much is drawn.

    cases   random cases an implementation, shared out over its kinds of cell and dtypes
    laws    random cases for each law
    """

    cases: int
    laws: int


PROFILES = {"quick": Profile(cases=208, laws=5), "thorough": Profile(cases=4000, laws=100)}


def drawing(examples: int) -> Callable[[Test], Test]:
    """Hypothesis settings for that many examples: no deadline, no database, so that a seed says it all.

    Hypothesis derandomizes by itself where it sees a CI, and would ignore the seed.
    """
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen: Callable[[Test], Test] = settings(
        max_examples=examples, deadline=None, database=None, derandomize=False, suppress_health_check=slow
    )
    return chosen


@dataclass
class Session:
    """One run against one implementation."""

    implementation: Implementation
    profile: Profile
    record: Path | None = None
    _failed: set[str] = field(default_factory=set)

    def start(self, planned: int) -> None:
        """Says what is about to run."""
        self._write(
            event="start",
            name=self.implementation.name,
            versions=dict(self.implementation.versions),
            python=platform.python_version(),
            numpy=np.__version__,
            planned=planned,
        )

    def check(self, test: str, case: Case) -> None:
        """Runs and judges a case; raises `Disagreement` with a message made to be acted on."""
        try:
            verdict, known = examine(self.implementation, case)
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
        self._report(test, Verdict(comparisons), (), family)
        wrong = [str(comparison) for comparison in comparisons if not comparison.agrees]
        if wrong:
            raise Disagreement(lambda: self._explained(case, [test, *wrong]))

    def end(self, collected: int, reported: int) -> None:
        """Says that the run came to its end, and whether every test that it began with was reported."""
        self._write(event="end", collected=collected, reported=reported)

    def not_run(self, what: str, why: str) -> None:
        """Says what did not run, and why."""
        self._write(event="not run", what=what, why=why)

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
                "--- a script that reproduces it, without this project ---",
                script(self.implementation, case, expected_of(case, concerning(self.implementation))),
                "--- end of script ---",
            ]
        )

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


def append(record: Path | None, **event: Any) -> None:
    """Adds one line to a record."""
    if record is not None:
        with record.open("a") as lines:
            lines.write(json.dumps(event) + "\n")


def _reasons(missing: Mapping[str, str]) -> dict[str, str]:
    """Quantity to reason, gates and the like merged under their family."""
    return {quantity.split(".")[0]: why for quantity, why in missing.items()}
