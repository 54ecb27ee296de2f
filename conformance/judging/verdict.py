"""The verdict on a case: what was Observed against what was Expected, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from refimpl.looks import BEYOND_DOUBT, CLOSEST, suspected_of
from refimpl.tails import two_sided

from ..contract import FAMILIES, Array, Observed, family_of
from .expected import NUMBERS, Expected, farthest
from .in_common import in_common

NEGLIGIBLE_RATIO = 0.01
"""An error below a hundredth of its bound is never reported as grown."""
_Comparisons = Sequence["Comparison | None"]
NOT_REPORTED = "not reported by the implementation"  # where it does not say why itself


@dataclass(frozen=True)
class Comparison:
    """One quantity of one case: how many of its numbers were compared, and the worst of them.

    quantity   its name, as ``d_params.kernel``
    numbers    how many numbers were compared
    ratio      the greatest ``|got - expected| / bound``; above 1 the two disagree
    index      the place of the number with that ratio; ``expected``, ``got`` and ``bound`` are its values
    undecided  how many numbers were not compared: their bound is infinite, and their samples come apart
    problem    what was wrong before any number could be compared: a shape, a dtype; empty where nothing was
    deviation  the sampled deviation there; 0 where none was asked for
    certain    whether the number lies beyond its proven bound; False where the bound was not asked for
    measured   how many errors were compared with a deviation, of a dozen samples; ``squares`` is the sum of the squares
               of their ratios, and ``farthest`` the greatest
    in_common  ``(3, 1 + samples)``, what the errors and those of each sample have in common (`refimpl.leaning`)
    """

    quantity: str
    numbers: int
    ratio: float
    index: tuple[int, ...] = ()
    expected: float = 0.0
    got: float = 0.0
    bound: float = 0.0
    undecided: int = 0
    problem: str = ""
    deviation: float = 0.0
    certain: bool = True
    measured: int = 0
    squares: float = 0.0
    farthest: float = 0.0
    in_common: Array | None = field(default=None, compare=False)

    @property
    def agrees(self) -> bool:
        """Whether every number lies within its bound."""
        return not self.problem and self.ratio <= 1

    def __str__(self) -> str:
        where = self.quantity + (str(list(self.index)) if self.index else "")
        if self.problem:
            return f"{where}: {self.problem}"
        error = abs(self.got - self.expected)
        told = (
            f"{where}: expected {self.expected!r}, got {self.got!r}, "
            f"off by {error:.3g}, bound {self.bound:.3g}, ratio {self.ratio:.3g}"
        )
        if self.agrees or not self.deviation:
            return told
        deviations = error / self.deviation
        if self.certain:
            return f"{told}: wrong, {deviations:.3g} deviations off"
        chance = min(1.0, NUMBERS * two_sided(deviations, CLOSEST))
        return f"{told}: improbable, {deviations:.3g} deviations off; probability {chance:.1g} in a run"


@dataclass(frozen=True)
class Verdict:
    """All comparisons of one case, and what could not be compared and why."""

    comparisons: tuple[Comparison, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    @property
    def agrees(self) -> bool:
        """Whether something was compared and all of it agrees."""
        return self.numbers > 0 and all(comparison.agrees for comparison in self.comparisons)

    @property
    def numbers(self) -> int:
        """How many were compared."""
        return sum(comparison.numbers for comparison in self.comparisons)

    @cached_property
    def disagreements(self) -> tuple[Comparison, ...]:
        """What does not agree, the worst first."""
        wrong = [comparison for comparison in self.comparisons if not comparison.agrees]
        return tuple(sorted(wrong, key=lambda c: (not c.problem, -c.ratio)))

    def by_family(self) -> Iterator[tuple[str, int, float, int]]:
        """The `summary` of each family that was compared."""
        for family in FAMILIES:
            comparisons = [c for c in self.comparisons if family_of(c.quantity) == family]
            if comparisons:
                yield summary(family, comparisons)


def summary(family: str, comparisons: Sequence[Comparison]) -> tuple[str, int, float, int]:
    """The family, numbers compared, worst ratio, numbers undecided."""
    return (
        family,
        sum(comparison.numbers for comparison in comparisons),
        max((comparison.ratio for comparison in comparisons), default=0.0),
        sum(comparison.undecided for comparison in comparisons),
    )


def squares_of(comparisons: Sequence[Comparison]) -> tuple[int, float]:
    """How many errors were compared with their deviations, and the sum of the squares of the ratios."""
    return sum(each.measured for each in comparisons), sum(each.squares for each in comparisons)


def compare(quantity: str, expected: Array, bound: Array, got: Any, dtype: Any = None) -> Comparison:
    """Compares one quantity element by element; NaN where a number is expected has an infinite ratio.

    Where a ``dtype`` is given, any other is a problem, however good the numbers.
    """
    found = np.asarray(got)
    if found.shape != expected.shape:
        return Comparison(quantity, 0, np.inf, problem=f"expected shape {expected.shape}, got {found.shape}")
    if not (np.issubdtype(found.dtype, np.floating) or found.dtype.name == "bfloat16"):
        return Comparison(quantity, 0, np.inf, problem=f"expected floating-point numbers, got {found.dtype}")
    if dtype is not None and found.dtype != dtype:
        return Comparison(quantity, 0, np.inf, problem=f"expected dtype {dtype}, got {found.dtype}")
    found = found.astype(np.float64)
    decided = np.isfinite(bound) & np.isfinite(expected)
    undecided = int(decided.size - decided.sum())
    if not decided.any():
        return Comparison(quantity, 0, 0.0, undecided=undecided)
    with np.errstate(all="ignore"):
        error = np.abs(found - expected)
        ratio = np.where(decided & (error != 0), error / bound, 0.0)
    worst = np.unravel_index(int(ratio.argmax()), ratio.shape)  # NaN, which is the worst, counts as the greatest
    return Comparison(
        quantity,
        int(decided.sum()),
        np.inf if np.isnan(ratio[worst]) else float(ratio[worst]),
        tuple(int(k) for k in worst),
        float(expected[worst]),
        float(found[worst]),
        float(bound[worst]),
        undecided,
    )


def judge(expected: Expected, observed: Observed) -> Verdict:
    """Compares everything that was observed; an observed quantity of an unknown name is a problem too.

    Where no number is suspiciously far off (`suspected_of`), and no samples come apart, the verdict stands, but for
    what lies beyond its bound. Else there is a closer look (`refimpl.looks`), and at last each is held to its limit.
    """
    shared = [name for name in expected.values if name in observed.values]
    comparisons: _Comparisons = [_by_deviations(expected, name, observed.values[name]) for name in shared]
    most = suspected_of(sum(c.numbers for c in comparisons if c is not None)) / farthest()
    if any(_is_suspected(c, most) for c in comparisons):
        comparisons = _settled(expected, observed, comparisons, most) or [
            _by_limits(expected, name, observed.values[name], c) for name, c in zip(shared, comparisons, strict=True)
        ]
    comparisons = [_by_bound(expected, c, observed) for c in comparisons]
    found = [comparison for comparison in comparisons if comparison is not None]
    known = set(expected.values)
    if not any(family_of(name) == "gradients" for name in known):  # none asked for, some may come
        known |= {name for name in observed.values if family_of(name) == "gradients"}
    found += [
        Comparison(name, 0, np.inf, problem=f"unknown quantity; known: {', '.join(expected.values)}")
        for name in observed.values
        if name not in known
    ]
    missing = {
        name: observed.missing.get(name) or observed.missing.get(family_of(name), NOT_REPORTED)
        for name in expected.values
        if name not in observed.values
    }
    return Verdict(tuple(found), missing, observed.path)


def _compared(expected: Expected, name: str, bound: Array, got: Any) -> Comparison:
    """Compared with what is expected; what is left out on purpose is not undecided."""
    found = compare(name, expected.values[name], bound, got, expected.dtype)
    left_out = min(found.undecided, expected.left_out.get(name, 0))
    return replace(found, undecided=found.undecided - left_out) if left_out else found


def _is_suspected(found: Comparison | None, most: float) -> bool:
    return found is None or found.undecided > 0 or found.ratio > most


def _settled(expected: Expected, observed: Observed, comparisons: _Comparisons, most: float) -> _Comparisons:
    """The comparisons by a closer look, if no number is suspected by it any more; else none."""
    if not expected.closer or any(c is None or c.undecided or c.problem for c in comparisons):
        return ()
    found: list[Comparison | None] = []
    for each in comparisons:
        if each is None or not _is_suspected(each, most):
            found.append(each)
            continue
        if each.ratio * farthest() > BEYOND_DOUBT:
            return ()
        name, deviations = each.quantity, expected.closer[each.quantity]
        now = _compared(expected, name, farthest() * deviations, observed.values[name])
        if _is_suspected(now, most):
            return ()
        now = replace(now, deviation=float(deviations[now.index]), certain=False)
        found.append(_with_errors_of(each, now))
    return found


def _by_bound(expected: Expected, found: Comparison | None, observed: Observed) -> Comparison | None:
    """The same, or what lies beyond its bound although it is few deviations off."""
    agrees = found is None or (found.agrees and found.index and not found.certain)
    if found is None or not agrees or found.ratio * farthest() <= expected.bound_from:
        return found
    name = found.quantity
    bounded = _compared(expected, name, expected.bounds[name], observed.values[name])
    return found if bounded.agrees else _with_errors_of(found, beside_bound(expected, bounded))


def _by_deviations(expected: Expected, name: str, got: Any) -> Comparison | None:
    """Compared with as many deviations, of a dozen samples, as the limit has; None where no deviations are known."""
    if name not in expected.deviations:
        return None
    deviation = expected.deviations[name]
    found = _compared(expected, name, farthest() * deviation, got)
    if found.problem:
        return found
    error = np.abs(np.asarray(got, np.float64) - expected.values[name])
    shown = np.isfinite(deviation) & (deviation > 0) & np.isfinite(error)
    ratios = error[shown] / deviation[shown]
    return replace(
        found,
        deviation=float(deviation[found.index]) if found.index else 0.0,
        certain=False,
        measured=ratios.size,
        squares=float(np.square(ratios).sum()),
        farthest=float(ratios.max(initial=0.0)),
        in_common=in_common(expected, name, got),
    )


def _by_limits(expected: Expected, name: str, got: Any, first: Comparison | None) -> Comparison:
    """Compared with the limits, unless it is wrong beyond doubt already."""
    beyond_doubt = first is not None and BEYOND_DOUBT < first.ratio * farthest() < np.inf
    misled = beyond_doubt and expected.lost()
    if first is not None:
        wrong = beyond_doubt and not misled and expected.smooth()
        if first.problem or not np.isfinite(first.got) or wrong:
            return first
    found = _compared(expected, name, expected.limits[name], got)
    if first is None or not found.index:
        return found
    found = found if found.agrees else beside_bound(expected, found)
    return found if misled else _with_errors_of(first, found)


def _with_errors_of(first: Comparison, found: Comparison) -> Comparison:
    """The same, with what the first look says of all errors together."""
    return replace(found, **{name: getattr(first, name) for name in ("measured", "squares", "farthest", "in_common")})


def beside_bound(expected: Expected, found: Comparison) -> Comparison:
    """The same, with whether its worst number lies beyond its proven bound, which costs many runs."""
    if not found.index or not expected.deviations:
        return found
    name, at = found.quantity, found.index
    deviation, bound = float(expected.refined[name][at]), float(expected.bounds[name][at])
    proven = bound != farthest() * deviation  # it is so where there is no bound
    certain = proven and abs(found.got - found.expected) > bound
    return replace(found, deviation=deviation, certain=certain)
