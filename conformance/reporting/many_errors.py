"""What all errors of a run say together: which arithmetic made them, and whether they lean to one side.

No single number shows a bias of 0.3 deviations. Over a run the sums of `refimpl.leaning` do: each case's is compared
with those of its samples, which say how far such a sum lies from 0 by chance. By family of quantities and dtype.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refimpl.tails import two_sided

SUSPICIOUSLY_SMALL, ENOUGH = 0.05, 1000
"""Faithful errors have a root mean square of 0.1 to 0.9 deviations; a tenth of that, over so many numbers, is another
arithmetic's."""
ENOUGH_CASES = 10
"""Fewer say nothing of a mean."""
IMPROBABLE = 1e-6
"""The probability by chance, of all that is compared in a run, below which a run fails."""
_NOT_TOLD = 1000.0  # the degrees of freedom of a record that does not have them
SUMS = {
    "signs": "have one sign",
    "outward": "point one way from 0",
    "sizes": "are too large",
}
"""The sums of `refimpl.leaning`, and what the errors do where one is far from 0."""
TOLD_OF_A_CHANGE = ("outward",)
"""Sums that are only compared with an earlier run: a faithful function may err to one side. XLA's tanh and sigmoid on a
CPU, in float32, do so towards 0: Keras 3.15.1 on JAX 0.10.2, 4.5 deviations in 155 cases."""
Many = Mapping[str, Mapping[str, Mapping[str, float]]]


def measured(found: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """How many errors were compared with deviations, and the sum of the squares of the ratios."""
    return sum(one.get("measured", 0) for one in found), sum(one.get("squares", 0.0) for one in found)


def coarser_arithmetics(cases: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By family and dtype, deviations that are so small that the arithmetic is not the one that is declared.

    Where no error is found at all, as of the oracle compared with itself, none is declared away.
    """
    found = {}
    for what, its in _by_family_and_dtype(cases).items():
        numbers, squares = measured(its)
        if numbers >= ENOUGH and 0 < squares < numbers * SUSPICIOUSLY_SMALL**2:
            found[what] = math.sqrt(squares / numbers)
    return found


def errors_in_common(cases: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """By family and dtype, each of the `SUMS`: its ``mean`` over cases, the ``error`` of that by the samples, and the
    degrees of ``freedom`` of this estimate.

    A case's sum is divided by the root of how many numbers it has. A case that was drawn twice counts once.

    Where one case's variance outweighs all others', the error is known from its few samples alone. So the freedom is
    that of a sum of variances, ``(Σ v)² / Σ (v² / n)``: F. E. Satterthwaite, *An approximate distribution of estimates
    of variance components* (Biometrics Bulletin 2, 1946).
    """
    found = {}
    for what, its in _by_family_and_dtype(cases).items():
        distinct = {_key(one): one for one in its if any(one.get("in_common", [[], []])[1])}
        if len(distinct) < ENOUGH_CASES:
            continue
        found[what] = {name: _over_cases(list(distinct.values()), k) for k, name in enumerate(SUMS)}
    return found


def _over_cases(cases: Sequence[Mapping[str, Any]], k: int) -> dict[str, float]:
    """What is said of the k-th sum."""
    variances = [one["in_common"][1][k] / one["measured"] for one in cases]
    weights = sum(v * v / one["samples"] for v, one in zip(variances, cases, strict=True))
    return {
        "mean": sum(one["in_common"][0][k] / math.sqrt(one["measured"]) for one in cases) / len(cases),
        "error": math.sqrt(sum(variances)) / len(cases),
        "freedom": sum(variances) ** 2 / weights if weights else _NOT_TOLD,
    }


def leaning_errors(many: Many) -> dict[str, str]:
    """By family and dtype, what is improbable of the errors, and how much."""
    judged = ((what, name, one, None) for what, name, one in _each(many) if name not in TOLD_OF_A_CHANGE)
    return dict(_improbable(judged))


def leaning_since(many: Many, earlier: Many) -> Iterator[str]:
    """What the errors do that they did not do in an earlier run."""
    pairs = ((what, name, one, earlier[what][name]) for what, name, one in _each(many) if what in earlier)
    for what, said in _improbable(pairs):
        yield f"{what}: unlike before {said}"


def _each(many: Many) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    for what, sums in many.items():
        for name, one in sums.items():
            yield what, name, one


def _improbable(
    compared: Iterator[tuple[str, str, Mapping[str, float], Mapping[str, float] | None]],
) -> Iterator[tuple[str, str]]:
    asked = list(compared)
    for what, name, one, before in asked:
        mean, error, freedom = one["mean"], one["error"], one.get("freedom", _NOT_TOLD)
        if before is not None:
            mean, error = mean - before["mean"], math.hypot(error, before["error"])
            freedom = min(freedom, before.get("freedom", _NOT_TOLD))
        if not error or (name == "sizes" and mean < 0):  # smaller errors are no fault
            continue
        chance = len(asked) * two_sided(abs(mean) / error, freedom)
        if chance < IMPROBABLE:
            yield what, f"they {SUMS[name]}, by {abs(mean) / error:.3g} deviations, probability {chance:.1g}"


def _by_family_and_dtype(cases: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for case in cases:
        for family, its in case["families"].items():
            if its.get("measured"):
                found.setdefault(f"{family} in {case.get('dtype', '')}", []).append(its)
    return found


def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one["in_common"][0]), tuple(one["in_common"][1]), one["measured"]
