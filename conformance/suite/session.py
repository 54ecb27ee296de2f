"""One run of the suite against one implementation: the implementation, the profile, and the record of what happened.

Every verdict is written to the record as one JSON line as soon as it is known, so that a run which is interrupted or
crashes leaves what it has done. `conformance.reporting.result` reads these lines.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
import pytest

from ..cases.coverage import Coverage, OptionTuples, values_of_options, values_refused
from ..cases.option_space import Space, space_of
from ..common.calling import CALLS
from ..common.printable import LINE, NAME, bounded, printable, printable_lines
from ..common.protection import changed_fields, private_copy, private_fields
from ..contract import Case, Implementation, Quantities, attribute_of, family_of
from ..judging.divergences import Disagreement, Divergence, case_computed_by, divergences_of, expected_with
from ..judging.in_common import in_common_of
from ..judging.verdict import Comparison, Verdict, beside_bound, squares_of, summary
from ..running.events import Record, append_event
from .answers import Answers, Asked
from .failing_cases import LINES_SHOWN, failing_case, failure_message, script_of_case

_MESSAGE, _MESSAGES = 300_000, 2_000_000  # characters that are kept of a failure's message, and of all of them
_KERNEL_SWITCHES = ("cudnn", "use_cudnn", "tf32", "autocast", "deterministic", "form")  # which kernels a GPU runs
CHANGING_EFFECTS = ("error", "wrong", "computes")  # effects of a divergence that change more than the precision
SESSION = pytest.StashKey["Session"]()  # where pytest's configuration keeps the session


@dataclass(frozen=True)
class Profile:
    """How much is tried.

    every_combination    True: every valid combination of options; False: a set of them that has every triple of values
    cases                random cases of an implementation, shared out over its kinds of cell and dtypes
    cases_per_relation   random cases for each law and each invariant
    machine_runs         runs of the state machine of stateful layers
    calls                calls in one session, each of which must answer as the first did: a half of new layers, a half
                         of one layer of each kind of cell; thorough, one object gets a thousand
    """

    every_combination: bool
    cases: int
    cases_per_relation: int
    machine_runs: int
    calls: int = 240


PROFILES = {
    "quick": Profile(every_combination=False, cases=96, cases_per_relation=5, machine_runs=5),
    "thorough": Profile(every_combination=True, cases=400, cases_per_relation=20, machine_runs=20, calls=10_000),
}


@dataclass
class Session:
    """One run against one implementation."""

    implementation: Implementation
    profile: Profile
    record: Record | None = None
    seed: int = 0
    answers: Answers = field(default_factory=Answers)
    shared: dict[str, Any] = field(default_factory=dict)  # what several tests need and one computes, by name
    _failed: set[str] = field(default_factory=set)
    _kept: int = 0

    @property
    def device(self) -> str:
        """Where the implementation computes."""
        return str(attribute_of(self.implementation, "device"))

    @cached_property
    def space(self) -> Space:
        """Every combination of options that the implementation declares."""
        declared = self.implementation
        return space_of(declared.cells, declared.dtypes, attribute_of(declared, "refused"))

    @cached_property
    def tuples(self) -> OptionTuples:
        """The triples of option values that can be covered."""
        return OptionTuples(self.space.valid)

    @cached_property
    def planned(self) -> list[int]:
        """The places of the valid combinations that are tried."""
        return list(range(len(self.space.valid))) if self.profile.every_combination else self.tuples.covering(self.seed)

    @cached_property
    def coverage(self) -> Coverage:
        """What of the option space has been tried."""
        return Coverage(self.tuples)

    @property
    def cases_per_relation(self) -> int:
        """How many random cases each law and invariant gets: fewer where the implementation is ``expensive``."""
        expensive = attribute_of(self.implementation, "expensive")
        return max(1, self.profile.cases_per_relation // 20) if expensive else self.profile.cases_per_relation

    @cached_property
    def known_divergences(self) -> tuple[Divergence, ...]:
        """The known divergences of the implementation in its versions."""
        return divergences_of(self.implementation)

    def diverges(self, case: Case, effects: Collection[str] = CHANGING_EFFECTS) -> bool:
        """Whether a known divergence with one of these effects applies, or another input than this is computed with."""
        if "computes" in effects and case_computed_by(self.implementation, case).x is not case.x:
            return True
        return any(entry.effect in effects and entry.applies_to(case) for entry in self.known_divergences)

    def bounds(self, case: Case) -> Quantities:
        """How far each number may be off, known losses of precision included."""
        return expected_with(self.implementation, case, self.known_divergences).bounds

    def prepared(self, case: Case) -> Case:
        """The case with what only the framework knows, such as the factors of dropout that it will draw."""
        prepare: Callable[[Case], Case] | None = attribute_of(self.implementation, "prepare")
        if prepare is None:
            return case
        with CALLS.around(case):
            prepared = prepare(private_fields(case))
        if not isinstance(prepared, Case):
            raise Disagreement(f"{case!r}\nprepare(case) returned a {type(prepared).__name__}, and no case")
        if changed := [name for name in changed_fields(case, prepared) if not name.startswith("dropout")]:
            raise Disagreement(f"{case!r}\nprepare(case) changed {', '.join(changed)}, and may change dropout alone")
        return case.replace(dropout=private_copy(prepared.dropout))

    def record_start(self, planned: int) -> None:
        """Records what is about to run."""
        self._write(
            event="start",
            name=printable(self.implementation.name, NAME),
            versions={package: printable(its, NAME) for package, its in self.implementation.versions.items()},
            python=platform.python_version(),
            numpy=np.__version__,
            planned=planned,
            valid=self.coverage.valid,
            arithmetic=attribute_of(self.implementation, "arithmetic"),
            declared=values_of_options(self.space),
            refused=values_refused(self.space),
        )

    def check(self, test: str, case: Case, classes: Mapping[str, str] = MappingProxyType({})) -> None:
        """Runs and judges a case; raises a `Disagreement` that holds the case, the numbers and a reproducing script.

        classes   the classes that it carries (`conformance.cases.classes`), for the coverage
        """
        case = self.prepared(case)
        asked = Asked(self.implementation, case, self.known_divergences)
        try:
            verdict, known = asked.judged()
        except Disagreement as error:
            failed = Verdict((Comparison("call", 0, np.inf, problem=str(error)),))
            self._record_verdict(test, failed, (), case, classes=classes)
            lines = str(error).splitlines()[1:]
            raise self._disagreement(case, lambda: lines, asked.again) from error
        self._record_verdict(test, verdict, known, case, classes=classes)
        self.answers.add(case, asked.answer, verdict, [one for one in self.known_divergences if one.id in known])
        if verdict.disagreements:
            raise self._disagreement(case, cache(lambda: self._told(case, verdict)), asked.again)

    def check_comparisons(
        self,
        test: str,
        family: str,
        comparisons: tuple[Comparison, ...],
        case: Case,
        again: Callable[[], str] = str,
    ) -> None:
        """Records comparisons under a family of their own; raises a `Disagreement` where they disagree.

        again   makes the same comparisons again, and says how the fault comes and goes; empty where it does not
        """
        self.record_comparisons(test, family, comparisons, case)
        wrong = [str(comparison) for comparison in comparisons if not comparison.agrees]
        if wrong:
            raise self._disagreement(case, lambda: [test, *wrong], again)

    def fail(self, case: Case, *lines: str, again: Callable[[], str] = str) -> NoReturn:
        """Raises the `Disagreement` about a case that has these lines."""
        raise self._disagreement(case, lambda: list(lines), again)

    def record_comparisons(self, test: str, family: str, comparisons: tuple[Comparison, ...], case: Case) -> None:
        """Records comparisons under a family of their own."""
        self._record_verdict(test, Verdict(comparisons), (), case, family)

    def record_coverage(self, place: int) -> None:
        """Records that the combination at this place of the option space has been tried."""
        self.coverage.add(place)
        self._write(event="coverage", reached=self.coverage.reached)

    def record_refusal(self, combinations: int, reason: str) -> None:
        """Records that the framework refuses what it is declared to refuse, and how many combinations those are."""
        self._write(event="refused", combinations=combinations, reason=reason)

    def record_end(self, collected: int, reported: int) -> None:
        """Records that the run came to its end, and how many of the collected tests reported an outcome."""
        self._write(event="end", collected=collected, reported=reported)

    def record_not_run(self, what: str, why: str) -> None:
        """Records what did not run, and why."""
        self._write(event="not run", what=what, why=why)

    def record_repeated_call(self, case: Case, alike: bool) -> None:
        """Records that the implementation computed a case again, and whether the result was the same bit for bit."""
        switches = [f"{name}={case.call_options[name]!r}" for name in _KERNEL_SWITCHES if name in case.call_options]
        self._write(event="again", what=", ".join((f"{case.kind} {case.dtype_name}", *switches)), alike=alike)

    def record_divergence(self, identifier: str, summary: str) -> None:
        """Records that a known divergence still shows."""
        self._write(event="divergence", id=identifier, summary=summary)

    def record_failure(self, test: str, message: str, cases: Sequence[Mapping[str, Any]] = ()) -> str:
        """Records a test's final message, once Hypothesis has found its minimal case, and the cases in full.

        Returns what is kept of the message; when much has been kept, the beginning, and no cases.
        """
        room = self._kept < _MESSAGES
        kept = printable_lines(message, _MESSAGE if room else LINE)
        self._kept += len(kept)
        shown = list(cases) if room else []
        append_event(self.record, event="failure", test=printable(test), message=kept, cases=shown)
        return kept

    def _disagreement(self, case: Case, told: Callable[[], list[str]], again: Callable[[], str]) -> Disagreement:
        fleeting = cache(again)

        def lines() -> list[str]:
            return [*filter(None, [fleeting()]), *told()]

        return Disagreement(
            lambda: failure_message(self.implementation, case, self.known_divergences, lines()),
            lambda: [failing_case(self.implementation, case, self.known_divergences, lines())],
            fleeting,
        )

    def _told(self, case: Case, verdict: Verdict) -> list[str]:
        """The disagreements, and of those that are shown whether they are proven or improbable."""
        expected, wrong = expected_with(self.implementation, case, self.known_divergences), verdict.disagreements
        proven = [one if one.problem else beside_bound(expected, one) for one in wrong[:LINES_SHOWN]]
        return [str(comparison) for comparison in (*proven, *wrong[LINES_SHOWN:])]

    def record_outcome(self, test: str, outcome: str, seconds: float, why: str) -> None:
        """Records how a test ended."""
        self._write(event="outcome", test=test, outcome=outcome, seconds=round(seconds, 3), why=why)

    def script_of(self, what: object) -> str:
        """The script that calls the implementation with a case; empty for anything else."""
        return script_of_case(self.implementation, what, self.known_divergences) if isinstance(what, Case) else ""

    def _record_verdict(
        self,
        test: str,
        verdict: Verdict,
        known: tuple[str, ...],
        case: Case,
        family: str | None = None,
        classes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Records a verdict, unless the test has failed before: then Hypothesis only shrinks the failure."""
        if test in self._failed:
            return
        if not all(comparison.agrees for comparison in verdict.comparisons):
            self._failed.add(test)
        summaries = verdict.by_family() if family is None else [summary(family, verdict.comparisons)]
        families: dict[str, dict[str, Any]] = {
            name: {"numbers": numbers, "worst": worst, "undecided": open_} for name, numbers, worst, open_ in summaries
        }
        for name, found in families.items():
            its = [c for c in verdict.comparisons if family is not None or family_of(c.quantity) == name]
            found["measured"], found["squares"] = squares_of(its)
            alike = [one.in_common for one in its if not classes]  # of special ones a number may hide all others
            found["in_common"], found["samples"] = in_common_of(alike)
        self._write(
            event="case",
            test=test,
            families=families,
            dtype=case.dtype_name if family is None else "",
            options={name: str(value) for name, value in case.options.items()},
            classes=dict(classes),
            missing=_reasons_by_family(verdict.missing),
            known=list(known),
            path=verdict.path,
        )

    def _write(self, **event: Any) -> None:
        append_event(self.record, **bounded(event))


def _reasons_by_family(missing: Mapping[str, str]) -> dict[str, str]:
    """What is missing to the reason, under the first word of the quantity: all gates under ``gates``, for example."""
    return {quantity.split(".")[0]: why for quantity, why in missing.items()}
