"""What changed in the answers of two observations, case by case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from ...contract import FAMILIES, Array, Case, family_of
from ...judging.arithmetic import arithmetic_of
from ...judging.divergences import divergences_of, expected_with
from ...judging.expected import Expected, OracleAnswer
from ...judging.verdict import NEGLIGIBLE_RATIO, compare
from .questions import Question
from .record import Answer, Observation
from .thinning import thinned_expectation

SEVERITIES = ("nothing", "rounding", "accuracy", "behaviour")
FACTOR = 2.0
_TINIEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class AnswerChange:
    """How one quantity or one case changed: how grave that is, what happened to which families, and by how much.

    bounds   how far numbers moved, in units of the bound
    detail   the message of an exception, or the shapes
    """

    severity: str
    what: str = ""
    families: tuple[str, ...] = ()
    bounds: float = 0.0
    detail: str = ""


@dataclass
class ErrorTally:
    """Errors in units of their bounds, of one family, kind of cell and dtype, before and now."""

    worst: list[float] = field(default_factory=lambda: [0.0, 0.0])
    squares: list[float] = field(default_factory=lambda: [0.0, 0.0])
    numbers: int = 0

    def add(self, before: Array, now: Array) -> None:
        """Adds the ratios of some numbers."""
        for side, ratios in enumerate((before, now)):
            self.worst[side] = max(self.worst[side], float(ratios.max(initial=0.0)))
            self.squares[side] += float(np.square(ratios).sum())
        self.numbers += now.size

    @property
    def typical(self) -> tuple[float, float]:
        """The root mean squares."""
        before, now = (float(np.sqrt(total / max(self.numbers, 1))) for total in self.squares)
        return before, now


class TruthCache:
    """The oracle's values and bounds for the cases of answers, computed once for each case."""

    def __init__(self) -> None:
        self._known: dict[str, OracleAnswer] = {}

    def expected(self, side: Observation, answer: Answer) -> Expected:
        """Values, and bounds for the arithmetic that this side declares.

        `ValueError` where the case that the question stands for is not the one that was answered.
        """
        if answer.digest not in self._known:
            if answer.question.digest != answer.digest:
                raise ValueError(
                    f"{side.label}: the case {answer.digest} is drawn otherwise by this version of the project, as "
                    f"{answer.question.digest}: compare with the version that recorded it"
                )
            self._known[answer.digest] = OracleAnswer(answer.question.case)
        expected = self._known[answer.digest].expected(arithmetic_of(side, answer.question.case))
        return thinned_expectation(expected) if answer.question.size else expected


class AnswerComparison:
    """The answers of two observations, compared one after the other.

    numbers   how many numbers were compared
    changed   of how many the bits changed, in cases that behave as before
    ulps      the most that one of these moved, in units in the last place
    """

    def __init__(self, old: Observation, new: Observation, truths: TruthCache) -> None:
        self.sides = old, new
        self.truths = truths
        self.known = divergences_of(old), divergences_of(new)
        self.numbers = self.changed = self.ulps = 0
        self._tallies: dict[tuple[str, str, str], ErrorTally] = defaultdict(ErrorTally)

    def compare(self, before: Answer, now: Answer) -> AnswerChange:
        """How one case changed."""
        if before.raised or now.raised:
            return _exception_change(before, now)
        self.numbers += sum(value.size for value in now.values.values())
        if same_bits(before, now):
            return AnswerChange("nothing")
        case, strict = now.question.case, self._expected_without_divergences(now)
        found = _gravest(list(self._quantities(now.question, before, now, strict)))
        if found.severity == "nothing":  # of a real size, in numbers that are not kept
            found = AnswerChange("rounding")
        if found.severity == "rounding":
            for name, value in now.values.items():
                self.changed += int((_bits(before.values[name]) != _bits(value)).sum())
                self.ulps = max(self.ulps, _most_ulps(before.values[name], value))
            self._tally(case, before, now, strict)
        return found

    def add_unchanged(self, unchanged: Sequence[Answer]) -> None:
        """Adds the errors of unchanged answers to the tallies of the kinds and dtypes where others changed."""
        groups = {(kind, dtype) for kind, dtype, _ in self._tallies}
        for answer in unchanged:
            options = answer.question.options
            if (options["kind"], options["dtype"]) in groups:
                self._tally(answer.question.case, answer, answer, self._expected_without_divergences(answer))

    def accuracies(self) -> Iterator[tuple[str, str]]:
        """Errors that grew or shrank: the kind of cell and dtype, and in words which family changed by how much."""
        for (kind, dtype, family), tally in sorted(self._tallies.items()):
            for what, (before, now) in (("worst", tally.worst), ("typical", tally.typical)):
                if max(before, now) >= max(FACTOR * min(before, now), NEGLIGIBLE_RATIO):
                    grew = "grew" if now > before else "shrank"
                    change = f"{family}: the {what} error {grew} from {before:.2g} to {now:.2g} of its bound"
                    yield f"{kind} in {dtype}", change
                    break

    def _expected_without_divergences(self, answer: Answer) -> list[Expected]:
        """What is expected of each side if no divergence is known."""
        return [self.truths.expected(side, answer) for side in self.sides]

    def _quantities(
        self, question: Question, before: Answer, now: Answer, strict: Sequence[Expected]
    ) -> Iterator[AnswerChange]:
        @cache  # asked only where something is outside its bounds
        def with_divergences() -> list[Expected]:
            both = zip(self.sides, self.known, strict=True)
            found = [expected_with(side, question.case, known) for side, known in both]
            return [thinned_expectation(each) for each in found] if question.size else found

        for name in sorted(before.values.keys() | now.values.keys()):
            family = family_of(name)
            if name not in before.values or name not in now.values:
                yield AnswerChange("behaviour", "given now" if name in now.values else "no longer given", (family,))
                continue
            values = before.values[name], now.values[name]
            shapes = [f"{value.dtype.name}{list(value.shape)}" for value in values]
            if shapes[0] != shapes[1]:
                detail = f"{shapes[0]} before, {shapes[1]} now"
                yield AnswerChange("behaviour", "of another shape or dtype", (family,), detail=detail)
            elif name in strict[0].values:
                yield _quantity_change(name, values, strict, with_divergences)

    def _tally(self, case: Case, before: Answer, now: Answer, strict: Sequence[Expected]) -> None:
        for name in now.values.keys() & strict[0].values.keys():
            if now.values[name].shape != strict[0].values[name].shape:
                continue
            ratios = [
                _ratios(answer.values[name], its.values[name], its.bounds[name])
                for answer, its in zip((before, now), strict, strict=True)
            ]
            if all(each.max(initial=0.0) <= 1 for each in ratios):
                self._tallies[case.kind, case.dtype_name, family_of(name)].add(*ratios)


def _quantity_change(
    name: str,
    values: tuple[Array, Array],
    strict: Sequence[Expected],
    with_divergences: Callable[[], Sequence[Expected]],
) -> AnswerChange:
    """How a quantity changed that both sides have in the same shape and dtype."""
    old, new = (
        compare(name, its.values[name], its.bounds[name], value) for its, value in zip(strict, values, strict=True)
    )
    family = (family_of(name),)
    if old.agrees != new.agrees:
        what = "no longer within bounds" if old.agrees else "within bounds now"
        return AnswerChange("behaviour", what, family, max(old.ratio, new.ratio))
    if values[0].tobytes() == values[1].tobytes():
        return AnswerChange("nothing")
    if (
        not old.agrees
        and (beyond := _largest_distance(values, sum(_largest(its.bounds[name]) for its in with_divergences()))) > 1
    ):
        return AnswerChange("behaviour", "moved, outside bounds as before", family, beyond)
    return AnswerChange("rounding", families=family)


def same_bits(before: Answer, now: Answer) -> bool:
    """Whether two answers are the same to the bit."""
    return (
        before.bits == now.bits
        and before.values.keys() == now.values.keys()
        and all(
            value.dtype == before.values[name].dtype
            and value.shape == before.values[name].shape
            and value.tobytes() == before.values[name].tobytes()
            for name, value in now.values.items()
        )
    )


def _exception_change(before: Answer, now: Answer) -> AnswerChange:
    kinds = [answer.raised.type if answer.raised else "" for answer in (before, now)]
    if kinds[0] == kinds[1]:
        return AnswerChange("nothing")
    raised = now.raised or before.raised
    message = (raised.message.strip() if raised else "").partition("\n")[0][:120]
    what = f"no longer raises {kinds[0]}" if kinds[0] else ""
    what = f"raises {kinds[1]}" + (f", no longer {kinds[0]}" if what else " now") if kinds[1] else what
    return AnswerChange("behaviour", what, detail=message)


def _gravest(quantities: Sequence[AnswerChange]) -> AnswerChange:
    """The change of a case, from those of its quantities: the first of the gravest, with all families that share it."""
    found = max(quantities, key=lambda one: SEVERITIES.index(one.severity), default=AnswerChange("nothing"))
    alike = [one for one in quantities if one.what == found.what]
    families = [family for family in FAMILIES if any(family in one.families for one in alike)]
    return replace(found, families=tuple(families), bounds=max((one.bounds for one in alike), default=0.0))


def _largest(bounds: Array) -> float:
    """The largest bound of a quantity: it serves for numbers outside their bounds, which have none of their own."""
    return float(np.max(bounds, initial=0.0, where=np.isfinite(bounds)))


def _largest_distance(values: tuple[Array, Array], room: float) -> float:
    """The greatest distance between the two in units of ``room``; infinite where one is NaN and the other is not."""
    old, new = (value.astype(np.float64) for value in values)
    with np.errstate(all="ignore"):
        distance = np.where((old == new) | (np.isnan(old) & np.isnan(new)), 0.0, np.abs(old - new))
        times = np.where(distance == 0, 0.0, distance / max(room, _TINIEST))
    return float(np.nan_to_num(times, nan=np.inf, posinf=np.inf).max(initial=0.0))


def _ratios(values: Array, truth: Array, bounds: Array) -> Array:
    """Errors in units of their bounds, where there is a bound."""
    errors = np.abs(values.astype(np.float64) - truth)
    decided = np.isfinite(bounds) & (bounds > 0) & np.isfinite(truth)
    found: Array = np.nan_to_num(errors[decided], nan=np.inf) / bounds[decided]
    return found


def _bits(array: Array) -> Array:
    return np.ascontiguousarray(array).view(f"i{array.dtype.itemsize}")


def _most_ulps(old: Array, new: Array) -> int:
    """The greatest distance in units in the last place: how many floating-point numbers lie between."""
    finite = np.isfinite(old.astype(np.float64)) & np.isfinite(new.astype(np.float64))
    places = []
    for array in (old, new):
        bits = _bits(array[finite])
        least = np.iinfo(bits.dtype).min
        places.append([int(p) for p in np.where(bits < 0, least - bits, bits)])
    return max((abs(a - b) for a, b in zip(*places, strict=True)), default=0)
