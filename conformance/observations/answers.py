"""What moved in the answers of two observations, case by case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arithmetic import arithmetic_of
from ..cases import Array, Case, family_of
from ..divergences import concerning, expected_of
from ..verdicts import Expected, Truth, compare
from .record import Answer, Observation

SEVERITIES = ("nothing", "rounding", "accuracy", "behaviour")
FACTOR = 2.0
LEAST = 0.01  # below a hundredth of its bound no error is news
_TINIEST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Moved:
    """What one case or one quantity says: how grave it is, what it is, and by how much."""

    severity: str
    what: str = ""
    size: str = ""


@dataclass
class Tally:
    """Errors in units of their bounds, of one family, kind of cell and dtype, before and now."""

    worst: list[float] = field(default_factory=lambda: [0.0, 0.0])
    squares: list[float] = field(default_factory=lambda: [0.0, 0.0])
    numbers: int = 0

    def add(self, before: Array, now: Array) -> None:
        """Takes in the ratios of some numbers."""
        for side, ratios in enumerate((before, now)):
            self.worst[side] = max(self.worst[side], float(ratios.max(initial=0.0)))
            self.squares[side] += float(np.square(ratios).sum())
        self.numbers += now.size

    @property
    def typical(self) -> tuple[float, float]:
        """The root mean squares."""
        before, now = (float(np.sqrt(total / max(self.numbers, 1))) for total in self.squares)
        return before, now


class Answers:
    """The answers of two observations, compared one after the other.

    numbers, changed   how many numbers were compared, and of how many the bits changed
    ulps               the most that one of these moved that did not change behaviour, in units in the last place
    """

    def __init__(self, old: Observation, new: Observation) -> None:
        self.sides = old, new
        self.known = concerning(old), concerning(new)
        self.numbers = self.changed = self.ulps = 0
        self._tallies: dict[tuple[str, str, str], Tally] = defaultdict(Tally)

    def compare(self, before: Answer, now: Answer) -> Moved:
        """What one case says."""
        if before.raised or now.raised:
            return _raising(before, now)
        self.numbers += sum(value.size for value in now.values.values())
        if same_bits(before, now):
            return Moved("nothing")
        told = list(self._quantities(now.question.case, before, now))
        return max(told, key=lambda one: SEVERITIES.index(one.severity), default=Moved("nothing"))

    def complete(self, unchanged: Sequence[Answer]) -> None:
        """Takes the errors of answers that did not change into the account, where others of their kind did."""
        groups = {(kind, dtype) for kind, dtype, _ in self._tallies}
        for answer in unchanged:
            options = answer.question.options
            if (options["kind"], options["dtype"]) in groups:
                case = answer.question.case
                strict = self._strictly(case)
                for name, value in answer.values.items():
                    if name in strict[0].values:
                        self._tally(case, name, (value, value), strict)

    def accuracies(self) -> Iterator[tuple[str, str]]:
        """Where an error grew or shrank, and what it did: a kind of cell in a dtype, and a family of quantities."""
        for (kind, dtype, family), tally in sorted(self._tallies.items()):
            for what, (before, now) in (("worst", tally.worst), ("typical", tally.typical)):
                if max(before, now) >= max(FACTOR * min(before, now), LEAST):
                    grew = "grew" if now > before else "shrank"
                    said = f"{family}: the {what} error {grew} from {before:.2g} to {now:.2g} of its bound"
                    yield f"{kind} in {dtype}", said
                    break

    def _strictly(self, case: Case) -> list[Expected]:
        """What is expected of each side, whatever divergence is known."""
        truth = Truth(case)
        return [truth.expected(arithmetic_of(side, case.dtype_name)) for side in self.sides]

    def _quantities(self, case: Case, before: Answer, now: Answer) -> Iterator[Moved]:
        strict = self._strictly(case)
        stated = [expected_of(side, case, known) for side, known in zip(self.sides, self.known, strict=True)]
        for name in sorted(before.values.keys() | now.values.keys()):
            family = family_of(name)
            if name not in before.values or name not in now.values:
                yield Moved("behaviour", f"{family}: {'given now' if name in now.values else 'no longer given'}")
                continue
            values = before.values[name], now.values[name]
            shapes = [f"{value.dtype.name}{list(value.shape)}" for value in values]
            if shapes[0] != shapes[1]:
                yield Moved("behaviour", f"{family}: another shape or dtype", f"{shapes[0]} before, {shapes[1]} now")
            elif name in strict[0].values:
                yield self._moved(case, name, values, strict, stated)

    def _moved(
        self, case: Case, name: str, values: tuple[Array, Array], strict: list[Expected], stated: list[Expected]
    ) -> Moved:
        old, new = (
            compare(name, its.values[name], its.bounds[name], value) for its, value in zip(strict, values, strict=True)
        )
        family = family_of(name)
        if old.agrees != new.agrees:
            what = "no longer within its bound" if old.agrees else "within its bound now"
            return Moved("behaviour", f"{family}: {what}", f"by {max(old.ratio, new.ratio):.2g} bounds")
        different = _bits(values[0]) != _bits(values[1])
        if not different.any():
            return Moved("nothing")
        if not old.agrees:
            room = sum(its.bounds[name] for its in stated)
            beyond = _times(values, room)
            if beyond > 1:
                return Moved("behaviour", f"{family}: moved, outside its bound as before", f"by {beyond:.2g} bounds")
        else:
            self._tally(case, name, values, strict)
        self.changed += int(different.sum())
        self.ulps = max(self.ulps, _most_ulps(*values))
        return Moved("rounding")

    def _tally(self, case: Case, name: str, values: tuple[Array, Array], strict: Sequence[Expected]) -> None:
        bounds = [its.bounds[name] for its in strict]
        errors = [
            np.abs(value.astype(np.float64) - its.values[name]) for value, its in zip(values, strict, strict=True)
        ]
        counts = np.logical_and.reduce(
            [np.isfinite(b) & (b > 0) & np.isfinite(e) for b, e in zip(bounds, errors, strict=True)]
        )
        self._tallies[case.kind, case.dtype_name, family_of(name)].add(
            errors[0][counts] / bounds[0][counts], errors[1][counts] / bounds[1][counts]
        )


def same_bits(before: Answer, now: Answer) -> bool:
    """Whether two answers are the same to the bit."""
    return before.values.keys() == now.values.keys() and all(
        value.dtype == before.values[name].dtype
        and value.shape == before.values[name].shape
        and value.tobytes() == before.values[name].tobytes()
        for name, value in now.values.items()
    )


def _raising(before: Answer, now: Answer) -> Moved:
    kinds = [answer.raised.type if answer.raised else "" for answer in (before, now)]
    if kinds[0] == kinds[1]:
        return Moved("nothing")
    raised = now.raised or before.raised
    message = (raised.message.strip() if raised else "").partition("\n")[0][:120]
    if all(kinds):
        return Moved("behaviour", f"raises {kinds[1]}, no longer {kinds[0]}", message)
    return Moved("behaviour", f"raises {kinds[1]} now" if kinds[1] else f"no longer raises {kinds[0]}", message)


def _times(values: tuple[Array, Array], room: Any) -> float:
    """The greatest distance between the two in units of ``room``; infinite where one is no number and the other is."""
    old, new = (value.astype(np.float64) for value in values)
    with np.errstate(all="ignore"):
        distance = np.where((old == new) | (np.isnan(old) & np.isnan(new)), 0.0, np.abs(old - new))
        times = np.where(distance == 0, 0.0, distance / np.maximum(room, _TINIEST))
    return float(np.nan_to_num(times, nan=np.inf, posinf=np.inf).max(initial=0.0))


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
