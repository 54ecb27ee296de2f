"""A case judged with what is known of the implementation: known divergences are taken at their word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from ..cases import Case
from ..implementations import Implementation, observe
from ..verdicts import Expected, Observed, Verdict, expect, judge
from .entries import Divergence, concerning
from .models import MODELS


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


def examine(implementation: Implementation, case: Case) -> tuple[Verdict, tuple[str, ...]]:
    """Runs the case and judges it, known divergences taken at their word; and the ids of those that applied.

    Raises `Disagreement` where the implementation raises, or does not raise where it is known to.
    """
    applying = [entry for entry in concerning(implementation) if entry.applies_to(case)]
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
    verdict = _judged(case, applying, observed)
    set_aside = any(entry.sets_aside(name) for entry in applying for name in observed.values)
    empty = not len(case.x)  # without a row there may be no number: then the shapes are what is compared
    if not set_aside and not any(c.numbers or c.undecided or c.problem or empty for c in verdict.comparisons):
        raise Disagreement(f"{case!r}\nnothing was compared: {dict(verdict.missing)}")
    return verdict, tuple(entry.id for entry in applying)


def expected_of(case: Case, entries: Iterable[Divergence]) -> Expected:
    """What to expect where these entries concern the implementation: another model's answer, or wider bounds."""
    applying = [entry for entry in entries if entry.applies_to(case)]
    asked = case
    for entry in applying:
        if entry.effect == "computes":
            asked = MODELS[entry.model](asked)
    expected = expect(asked)
    bounds = dict(expected.bounds)
    for entry in applying:
        if entry.effect == "lower precision":
            relative = not entry.precision.startswith("absolute")
            wider = expect(asked, entry.precision if relative else f"{case.dtype_name}, {entry.precision}").bounds
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
    strictly = judge(expect(case), observed)
    others = [each for each in concerning(implementation) if each.id != entry.id and each.applies_to(case)]
    as_stated = _judged(case, [entry, *others], observed)
    diverges = any(not entry.families or entry.covers(found.quantity) for found in strictly.disagreements)
    return entry.effect != "error" and diverges and not as_stated.disagreements


def _judged(case: Case, applying: list[Divergence], observed: Observed) -> Verdict:
    """What was observed beside what these entries let expect.

    What they set aside must still have its shape and dtype; its numbers are compared only where a model tells them: a
    cotangent of the input at steps that are not masked.
    """
    expected = expected_of(case, applying)
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
