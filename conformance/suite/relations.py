"""Relations between an implementation's own answers: the comparisons that they are made of, and how one is checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import chain

import numpy as np
import pytest

from conformance.cases.asking import observe
from conformance.cases.building import SizeLimits
from conformance.cases.option_space import Combination, call_options_of, matches
from conformance.cases.strategies import cases_of_combinations
from conformance.common.tracebacks import raised
from conformance.contract import Array, Case, Observed, Quantities
from conformance.judging.divergences import AGAIN, Disagreement
from conformance.judging.verdict import Comparison, compare
from conformance.suite.answers import how_often
from conformance.suite.session import CHANGING_EFFECTS, Session
from conformance.suite.trying import FEWEST_DRAWN, check_drawn_cases, seeded_cases

REPETITIONS = 3  # more calls, to see whether the answer is the same each time
Relation = Callable[[Session, Case], list[Comparison]]


def answer(session: Session, case: Case) -> Quantities:
    """What the implementation computes; raises a `Disagreement` where it raises."""
    return observed(session, case).values


def observed(session: Session, case: Case) -> Observed:
    """The same, with what it says of what is missing."""
    try:
        return observe(session.implementation, case)
    except Exception as error:
        raise Disagreement(f"{case!r}\n{raised(error)}") from error


def check_relation(
    session: Session,
    family: str,
    name: str,
    relation: Relation,
    concerns: Callable[[Combination], bool],
    is_suitable: Callable[[Case], bool] = lambda _: True,
    excluded_effects: Collection[str] = CHANGING_EFFECTS,
) -> None:
    """Checks a relation on random suitable cases of the combinations that it concerns.

    Cases with a known divergence of one of the ``excluded_effects`` are left out, as a relation between wrong answers
    may say nothing; other tests check them.
    """
    combinations = [
        one for one in session.space.valid if concerns(one) and not always_diverges(session, one, excluded_effects)
    ]
    numbers, label = 0, f"{family.removesuffix('s')} {name}"

    def can_be_related(case: Case) -> bool:
        return is_suitable(case) and not session.diverges(case, excluded_effects)

    def check(case: Case) -> None:
        nonlocal numbers
        case = session.prepared(case)
        comparisons = tuple(relation(session, case))
        numbers += sum(comparison.numbers for comparison in comparisons)
        session.check_comparisons(label, family, comparisons, case, lambda: asked_again(relation, session, case))

    count, limits = session.cases_per_relation, SizeLimits(time=9)
    if count < FEWEST_DRAWN:
        for case in seeded_cases(session, label, combinations, limits, count, can_be_related):
            check(case)
    elif combinations:
        check_drawn_cases(count, cases_of_combinations(combinations, limits, can_be_related), check)
    if not numbers:
        why = "nothing to compare: the implementation does not report what this is about"
        why = why if combinations else "no combination of its options without a known divergence is of the kind"
        session.record_not_run(label, why)
        pytest.skip(why)


def asked_again(relation: Relation, session: Session, case: Case) -> str:
    """How the fault comes and goes, where the relation holds in one of `AGAIN` further tries."""

    def fails() -> bool:
        try:
            return not all(comparison.agrees for comparison in relation(session, case))
        except Disagreement:
            return True

    return how_often(sum(fails() for _ in range(AGAIN)))


def always_diverges(session: Session, combination: Combination, effects: Collection[str] = CHANGING_EFFECTS) -> bool:
    """Whether a divergence with one of these effects is known for these options, whatever the sizes and numbers."""
    known = [entry for entry in session.known_divergences if entry.effect in effects and not entry.of_some_numbers]
    return any(matches(alternative, combination) for entry in known for alternative in entry.when)


def as_declared(session: Session, case: Case) -> Case | None:
    """The case with call options that the implementation declares for it.

    None where it declares none, or where a divergence is known of that case.
    """
    combination = session.space.nearest(case.options)
    if combination is None:
        return None
    case = case.replace(call_options=call_options_of(combination))
    return None if session.diverges(case) else case


def doubled_bounds(session: Session, case: Case) -> Quantities:
    """How far two answers to a case may be apart: each may be off by its bound."""
    return {name: 2 * bound for name, bound in session.bounds(case).items()}


def compare_within(relation: str, one: Quantities, other: Quantities, bounds: Mapping[str, Array]) -> list[Comparison]:
    """Compares the quantities that both have, within these bounds."""
    shared = [name for name in bounds if name in one and name in other]
    for name in shared:
        if np.isnan(np.asarray(one[name], np.float64)[np.isfinite(bounds[name])]).any():
            return [Comparison(f"{relation}: {name}", 0, np.inf, problem="NaN where a number is due")]
    return [
        compare(f"{relation}: {name}", np.asarray(one[name], np.float64), bounds[name], other[name]) for name in shared
    ]


def compare_bits(relation: str, one: Quantities, other: Quantities) -> list[Comparison]:
    """Compares bit for bit; both must have the same quantities."""
    found = []
    for name in dict.fromkeys((*one, *other)):
        label = f"{relation}: {name}"
        if name not in one or name not in other:
            found.append(Comparison(label, 0, np.inf, problem=f"reported {'first' if name in one else 'then'} only"))
            continue
        first, then = np.asarray(one[name]), np.asarray(other[name])
        if first.shape == then.shape and first.dtype == then.dtype and first.tobytes() == then.tobytes():
            found.append(Comparison(label, first.size, 0.0))
        else:
            found.append(_first_difference(label, first, then))
    return found


def compare_repeated_calls(
    session: Session, case: Case, relation: str, one: Quantities, other: Quantities
) -> list[Comparison]:
    """Compares two answers to one case: bit for bit on the CPU.

    A GPU may add in another order each time. There, unless the case asks for deterministic algorithms, answers whose
    bits differ are recorded as such and compared within bounds.
    """
    found = compare_bits(relation, one, other)
    if session.device == "cpu":
        return found
    same_bits = all(comparison.agrees for comparison in found)
    session.record_repeated_call(case, same_bits)
    deterministic = case.call_options.get("deterministic", False)
    return found if same_bits or deterministic else compare_within(relation, one, other, doubled_bounds(session, case))


def compare_unaffected(
    session: Session, case: Case, relation: str, one: Quantities, other: Quantities
) -> list[Comparison]:
    """Compares the answers to a case and to one that differs in what must not matter: bit for bit.

    On a GPU within bounds, where repeated calls of the case itself differ in bits.
    """
    found = compare_bits(relation, one, other)
    if session.device == "cpu" or all(comparison.agrees for comparison in found):
        return found
    calls = [
        compare_repeated_calls(session, case, f"{relation}, or none", one, answer(session, case))
        for _ in range(REPETITIONS)
    ]
    same_bits = all(comparison.ratio == 0 for comparisons in calls for comparison in comparisons)
    found = found if same_bits else compare_within(relation, one, other, doubled_bounds(session, case))
    return [*chain.from_iterable(calls), *found]


def _first_difference(label: str, first: Array, then: Array) -> Comparison:
    """The first place at which two arrays differ, that should be the same."""
    if first.shape != then.shape or first.dtype != then.dtype:
        return Comparison(
            label, 0, np.inf, problem=f"{first.dtype} {first.shape} first, {then.dtype} {then.shape} then"
        )
    differs = ~((first == then) | (np.isnan(first) & np.isnan(then)))
    if not differs.any():  # zeros of different sign, or NaN of different bits
        return Comparison(label, first.size, 0.0)
    where = tuple(int(k) for k in np.argwhere(differs)[0])
    return Comparison(label, first.size, np.inf, where, float(first[where]), float(then[where]), 0.0)


def join_pieces(pieces: list[Quantities], axis: int) -> dict[str, Array]:
    """The quantities of the whole from those of its pieces: parameters' gradients are added, all else concatenated."""
    return {
        name: np.sum([np.asarray(piece[name], np.float64) for piece in pieces], axis=0)
        if name.startswith("d_params")
        else np.concatenate([piece[name] for piece in pieces], axis=axis)
        for name in pieces[0]
        if all(name in piece for piece in pieces)
    }
