"""A case judged with what is known of the implementation: known divergences are taken at their word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from ...contract import Case, Identified, Implementation, Observed, observe
from ..arithmetic import arithmetic_of
from ..truth import Expected, Truth, expect
from ..verdict import Verdict, judge
from .effects import MODELS
from .entries import Divergence, concerning


class Disagreement(AssertionError):
    """An implementation and the oracle disagree beyond the bounds, or it raised.

    The message may be made when it is asked for: while Hypothesis looks for the minimal case, none is.
    """

    def __init__(self, message: str | Callable[[], str]) -> None:
        super().__init__(message)
        self._message = message

    def __str__(self) -> str:
        if not isinstance(self._message, str):
            self._message = self._message()
        return self._message


def examine(
    implementation: Implementation, case: Case, known: Sequence[Divergence] | None = None
) -> tuple[Verdict, tuple[str, ...]]:
    """Runs the case and judges it, known divergences taken at their word; and the ids of those that applied.

    known   the entries that concern the implementation, where they have been looked up

    Raises `Disagreement` where the implementation raises, or does not raise where it is known to.
    """
    applying = _applying(case, concerning(implementation) if known is None else known)
    errors = [entry for entry in applying if entry.effect == "error"]
    try:
        observed = observe(implementation, case)
    except Exception as error:
        expected = [entry.id for entry in errors if entry.message in f"{type(error).__name__}: {error}"]
        if expected:
            return Verdict(()), tuple(expected)
        raise Disagreement(f"{case!r}\nraised {type(error).__name__}: {error}") from error
    if errors:
        raise Disagreement(f"{case!r}\nknown divergence {errors[0].id} is gone: nothing was raised")
    for entry in applying:
        back = [name for name in observed.values if entry.effect == "missing" and entry.covers(name)]
        if back:
            raise Disagreement(f"{case!r}\nknown divergence {entry.id} is gone: {', '.join(back)} came")
    verdict = _judged(implementation, case, applying, observed)
    set_aside = any(entry.sets_aside(name) for entry in applying for name in observed.values)
    empty = not len(case.x)  # without a row there may be no number: then the shapes are what is compared
    if not set_aside and not any(c.numbers or c.undecided or c.problem or empty for c in verdict.comparisons):
        raise Disagreement(f"{case!r}\nnothing was compared: {dict(verdict.missing)}")
    return verdict, tuple(entry.id for entry in applying)


def expected_of(implementation: Identified, case: Case, known: Iterable[Divergence]) -> Expected:
    """What to expect where these divergences are known of the implementation: another model's answer, wider bounds."""
    return _expected(implementation, case, _applying(case, known))


def _applying(case: Case, known: Iterable[Divergence]) -> list[Divergence]:
    return [entry for entry in known if entry.applies_to(case)]


def _expected(implementation: Identified, case: Case, applying: Sequence[Divergence]) -> Expected:
    asked = case
    for entry in applying:
        if entry.effect == "computes":
            asked = MODELS[entry.model](asked)
    truth = Truth(asked)
    expected = truth.expected(arithmetic_of(implementation, case))
    bounds = dict(expected.bounds)
    for entry in applying:
        if entry.effect == "lower precision":
            relative = not entry.precision.startswith("absolute")
            wider = truth.expected(entry.precision if relative else f"{case.dtype_name}, {entry.precision}").bounds
            bounds |= {name: np.maximum(bounds[name], wider[name]) for name in bounds if entry.covers(name)}
    return replace(expected, bounds=bounds)


def still_shows(implementation: Implementation, entry: Divergence) -> bool:
    """Whether the entry's minimal case still diverges as stated."""
    case = entry.minimal
    if case is None:
        raise ValueError(f"{entry.id}: is shown by its script alone")
    try:
        observed = observe(implementation, case)
    except Exception as error:
        return entry.effect == "error" and entry.message in f"{type(error).__name__}: {error}"
    if entry.effect == "missing":
        return not any(entry.covers(name) for name in observed.values)
    strictly = judge(expect(case, arithmetic_of(implementation, case)), observed)
    others = [each for each in _applying(case, concerning(implementation)) if each.id != entry.id]
    as_stated = _judged(implementation, case, [entry, *others], observed)
    diverges = any(not entry.families or entry.covers(found.quantity) for found in strictly.disagreements)
    return entry.effect != "error" and diverges and not as_stated.disagreements


def _judged(implementation: Implementation, case: Case, applying: Sequence[Divergence], observed: Observed) -> Verdict:
    """What was observed beside what these entries let expect.

    What they set aside must still have its shape and dtype; its numbers are compared only where a model tells them: a
    cotangent of the input at steps that are not masked.
    """
    expected = _expected(implementation, case, applying)
    bounds, reasons = dict(expected.bounds), {}
    for name in bounds.keys() & observed.values.keys():
        for entry in applying:
            if entry.sets_aside(name):
                told = entry.effect == "computes" and name == "d_x" and case.mask is not None
                counts = case.mask[:, :, None] if told and case.mask is not None else False
                bounds[name] = np.where(counts, bounds[name], np.inf)
                reasons[name] = f"known divergence {entry.id}"
    verdict = judge(replace(expected, bounds=bounds), observed)
    return replace(verdict, missing={**verdict.missing, **reasons})
