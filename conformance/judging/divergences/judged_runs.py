"""A case is run and judged, with known divergences expected as their entries state them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refimpl.precision import Precision

from ...cases.asking import observe
from ...common.printable import bounded
from ...common.tracebacks import raised
from ...contract import Array, Case, Identified, Implementation, Observed, attribute_of
from ..arithmetic import arithmetic_of
from ..expected import Expected, OracleAnswer
from ..verdict import Verdict, judge
from .catalogue import Divergence, divergences_of
from .fault_models import FAULT_MODELS

AGAIN = 2
"""How often a case that fails is asked again: a fault may come and go."""
SYSTEMATIC = ", systematic"
"""Ends the name of a precision whose errors do not average out: only the proven bounds hold, no sampled deviation."""


class Disagreement(AssertionError):
    """An implementation disagrees with the oracle beyond the bounds, or raised.

    A message may be given as a function, which is called when it is shown: most are not, while Hypothesis shrinks.
    So are the failing cases in full, as JSON holds them, and ``again``, which says how the
    fault comes and goes where it does.
    """

    def __init__(
        self,
        message: str | Callable[[], str],
        failing_cases: Callable[[], Sequence[Mapping[str, Any]]] = tuple,
        again: Callable[[], str] = str,
    ) -> None:
        super().__init__(message)
        self._message = message
        self.failing_cases = failing_cases
        self._again = again

    @property
    def comes_and_goes(self) -> bool:
        """Whether the same case is right in another call: no option of it is what the fault depends on."""
        return bool(self._again())

    def __str__(self) -> str:
        if not isinstance(self._message, str):
            self._message = self._message()
        return self._message


def run_and_judge(
    implementation: Implementation,
    case: Case,
    known_divergences: Sequence[Divergence] | None = None,
    answered: Callable[[Observed], object] = lambda _: None,
) -> tuple[Verdict, tuple[str, ...]]:
    """Runs the case and judges it; returns the verdict, and the ids of the known divergences that applied.

    known      the entries about the implementation, where they have been looked up
    answered   is told the answer before it is judged

    Raises a `Disagreement` where the implementation raises, or does not raise where a known divergence says so.
    """
    applying = _applying(case, divergences_of(implementation) if known_divergences is None else known_divergences)
    errors = [entry for entry in applying if entry.effect == "error"]
    try:
        observed = observe(implementation, case)
    except Exception as error:
        expected = [entry.id for entry in errors if entry.message in f"{type(error).__name__}: {error}"]
        if expected:
            return Verdict(()), tuple(expected)
        raise Disagreement(f"{case!r}\n{raised(error)}") from error
    answered(observed)
    if errors:
        raise Disagreement(f"{case!r}\nknown divergence {errors[0].id} is gone: nothing was raised")
    for entry in applying:
        returned = [name for name in observed.values if entry.effect == "missing" and entry.affects(name)]
        if returned:
            raise Disagreement(f"{case!r}\nknown divergence {entry.id} is gone: {', '.join(returned)} returned")
    verdict = _judged(implementation, case, applying, observed)
    set_aside = any(entry.sets_aside(name) for entry in applying for name in observed.values)
    empty = not len(case.x)  # without a row there may be no number: then the shapes are what is compared
    if not set_aside and not any(c.numbers or c.undecided or c.problem or empty for c in verdict.comparisons):
        raise Disagreement(f"{case!r}\nnothing was compared: {bounded(dict(verdict.missing))}")
    return verdict, tuple(entry.id for entry in applying)


def expected_with(implementation: Identified, case: Case, known_divergences: Iterable[Divergence]) -> Expected:
    """What is expected where these divergences are known: the answer to another case, or wider bounds."""
    return _expected(implementation, case, _applying(case, known_divergences))


def _applying(case: Case, known_divergences: Iterable[Divergence]) -> list[Divergence]:
    """The entries that say something of the answer to this case."""
    return [entry for entry in known_divergences if entry.effect != "accepts" and entry.applies_to(case)]


def _expected(implementation: Identified, case: Case, applying: Sequence[Divergence]) -> Expected:
    computed = case_computed_by(implementation, case)
    for entry in applying:
        if entry.effect == "computes":
            computed = FAULT_MODELS[entry.model](computed)
    oracle, own = OracleAnswer(computed), arithmetic_of(implementation, case)
    expected = replace(oracle.expected(own), dtype=case.dtype)
    lowering = [entry for entry in applying if entry.effect == "lower precision"]
    for entry in lowering:
        precision = entry.precision.removesuffix(SYSTEMATIC)
        relative = not precision.startswith("absolute")
        lower = Precision.of(precision if relative else f"{case.dtype_name}, {precision}")
        alone = len(lowering) == 1 and _is_coarser(lower, own)
        expected = expected.widened(oracle.expected(lower), entry.affects, coarser=alone)
        if precision != entry.precision:
            expected = Expected(expected.values, expected.bounds, expected.dtype)
    return expected


def _is_coarser(one: Precision, other: Precision) -> bool:
    """Whether it is the other, but for activations that may be off by more."""
    return replace(one, name=other.name, absolute=other.absolute) == other and one.absolute >= other.absolute


def case_computed_by(implementation: Identified, case: Case) -> Case:
    """The case that the implementation says it computes."""
    computed: Callable[[Case], Case] | None = attribute_of(implementation, "case_as_computed")
    return case if computed is None else computed(case)


def still_shows(implementation: Implementation, entry: Divergence) -> bool:
    """Whether the entry's minimal case still diverges as stated."""
    case = entry.minimal
    if case is None:
        raise ValueError(f"{entry.id}: is shown by its script alone")
    if entry.effect == "accepts" and entry.affects("nan"):
        case = case.replace(x=np.full_like(case.x, np.nan))
    elif entry.effect == "accepts" and entry.affects("x"):
        case = case.replace(x=np.concatenate([case.x, case.x[:, :, :1]], 2))
    elif entry.effect == "accepts":
        state = list(case.initial_state or ())
        case = case.replace(initial_state=(np.concatenate([state[0], state[0][:1]]), *state[1:]))
    try:
        observed = observe(implementation, case)
    except Exception as error:
        return entry.effect == "error" and entry.message in f"{type(error).__name__}: {error}"
    if entry.effect == "accepts":
        return not entry.affects("nan") or bool(np.isfinite(np.asarray(observed.values["outputs"], np.float64)).any())
    if entry.effect == "missing":
        return not any(entry.affects(name) for name in observed.values)
    if any(entry.gives not in ("", value.dtype.name) for value in _of(entry, observed).values()):
        return False
    strictly = judge(_expected(implementation, case, ()), observed)
    others = [each for each in _applying(case, divergences_of(implementation)) if each.id != entry.id]
    as_stated = _judged(implementation, case, [entry, *others], observed)
    diverges = any(not entry.families or entry.affects(found.quantity) for found in strictly.disagreements)
    return entry.effect != "error" and diverges and not as_stated.disagreements


def _judged(implementation: Implementation, case: Case, applying: Sequence[Divergence], observed: Observed) -> Verdict:
    """What was observed beside what is expected with these entries.

    A quantity that is set aside must still have its shape and dtype. Its numbers are compared only where a model
    describes them: the gradient of the input at steps that are not masked.
    """
    expected = _expected(implementation, case, applying)
    observed = _in_the_dtype_of(case, applying, observed)
    ignored: dict[str, Array] = {}
    reasons = {}
    for name in expected.values.keys() & observed.values.keys():
        for entry in applying:
            if entry.sets_aside(name):
                described = entry.effect == "computes" and name == "d_x"
                compared = case.mask[:, :, None] if described and case.mask is not None else np.array(False)
                ignored[name] = ignored.get(name, np.array(False)) | ~compared
                reasons[name] = f"known divergence {entry.id}"
    verdict = judge(expected.without(ignored) if ignored else expected, observed)
    return replace(verdict, missing={**verdict.missing, **reasons})


def _in_the_dtype_of(case: Case, applying: Sequence[Divergence], observed: Observed) -> Observed:
    """The answer with what entries say comes in another dtype rounded to the case's; all else is as it is."""
    values = dict(observed.values)
    for entry in (one for one in applying if one.gives):
        for name, value in _of(entry, observed).items():
            if value.dtype.name != entry.gives:
                raise Disagreement(f"{case!r}\nknown divergence {entry.id} is gone: {name} is {value.dtype.name}")
            with np.errstate(all="ignore"):  # beyond the case's dtype is infinite there
                values[name] = value.astype(case.dtype)
    return replace(observed, values=values)


def _of(entry: Divergence, observed: Observed) -> dict[str, Array]:
    """The quantities of the entry's families."""
    return {name: value for name, value in observed.values.items() if entry.affects(name)}
