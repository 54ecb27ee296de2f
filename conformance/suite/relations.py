"""What the suite's modules share: cases to draw, answers to compare, and cases made of other cases."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cases.building import Limits, Seeded, build
from conformance.cases.masks import kept
from conformance.cases.option_space import Combination, call_options_of, matches
from conformance.cases.strategies import cases_of
from conformance.contract import Array, Case, Quantities, observe
from conformance.judging.divergences import Disagreement
from conformance.judging.verdict import Comparison, compare
from conformance.suite.session import CHANGES, Session, drawing

FEW = 5  # examples, of which Hypothesis would try the simplest alone
AGAIN = 3  # more calls, to see whether the answer is the same each time
PATIENCE = 40.0  # seconds spent on making one failure smaller
Relation = Callable[[Session, Case], list[Comparison]]


def answer(session: Session, case: Case) -> Quantities:
    """What the implementation computes."""
    try:
        return observe(session.implementation, case).values
    except Exception as error:
        raise Disagreement(f"{case!r}\nraised {type(error).__name__}: {error}") from error


class Least:
    """The least failure so far; after a while it will do, and no lesser one is looked for."""

    def __init__(self) -> None:
        self.error: Disagreement | None = None
        self.compared = 0  # numbers, where the test keeps count
        self._size = self._until = math.inf

    @property
    def will_do(self) -> bool:
        """Whether so much time has passed that no lesser failure is looked for."""
        return time.monotonic() > self._until

    def saw(self, size: float, error: Disagreement) -> None:
        """Keeps the failure where it is no larger than the least so far."""
        self._until = min(self._until, time.monotonic() + PATIENCE)
        if size <= self._size:
            self._size, self.error = size, error

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raises the least of the failures, whatever Hypothesis makes of them: it may not find one again."""
        try:
            yield
        except Exception:
            if self.error is None:
                raise
            raise self.error from None


def tried(examples: int, cases: st.SearchStrategy[Case], check: Callable[[Case], None], **more: Any) -> None:
    """Checks that many cases; raises the `Disagreement` of the least that fails."""
    least = Least()

    @drawing(examples, **more)
    @given(case=cases)
    def agrees(case: Case) -> None:
        if least.will_do:
            return
        try:
            check(case)
        except Disagreement as error:
            least.saw(case.size, error)
            raise

    with least.told():
        agrees()


def some(
    session: Session,
    label: str,
    combinations: Sequence[Combination],
    limits: Limits,
    count: int,
    fits: Callable[[Case], bool] = lambda _: True,
) -> Iterator[Case]:
    """So few cases that the seed chooses them: Hypothesis begins with the simplest, and would try no other."""
    order = np.random.default_rng([session.seed, zlib.crc32(label.encode())]).permutation(len(combinations))
    built = (build(Seeded(session.seed, int(k)), combinations[k], limits) for k in order[:50])
    return islice(filter(fits, built), count)


def holds(
    session: Session,
    family: str,
    name: str,
    relation: Relation,
    wanted: Callable[[Combination], bool],
    fits: Callable[[Case], bool] = lambda _: True,
    spared: Collection[str] = CHANGES,
) -> None:
    """Checks a relation on random cases out of the combinations that are ``wanted``.

    Cases with a known divergence whose effect is among ``spared`` are left to the other tests: a relation between
    wrong answers may say nothing.
    """
    combinations = [one for one in session.space.valid if wanted(one) and not may_diverge(session, one, spared)]
    numbers, label = 0, f"{family.removesuffix('s')} {name}"

    def sound(case: Case) -> bool:
        return fits(case) and not session.diverges(case, spared)

    def related(case: Case) -> None:
        nonlocal numbers
        case = session.prepared(case)
        comparisons = tuple(relation(session, case))
        numbers += sum(comparison.numbers for comparison in comparisons)
        session.compared(label, family, comparisons, case)

    if session.laws < FEW:
        for case in some(session, label, combinations, Limits(time=9), session.laws, sound):
            related(case)
    elif combinations:
        tried(session.laws, cases_of(combinations, Limits(time=9), sound), related)
    if not numbers:
        why = "nothing to compare: the implementation does not report what this is about"
        why = why if combinations else "no combination of its options without a known divergence is of the kind"
        session.not_run(label, why)
        pytest.skip(why)


def may_diverge(session: Session, combination: Combination, effects: Collection[str] = CHANGES) -> bool:
    """Whether a divergence is known whatever sizes and numbers are drawn."""
    known = [entry for entry in session.known if entry.effect in effects and not entry.reaches]
    return any(matches(alternative, combination) for entry in known for alternative in entry.when)


def allowed(session: Session, case: Case) -> Case | None:
    """The case with the implementation's own options such that it has it; None where there are none, or it diverges."""
    combination = session.space.nearest(case.options)
    if combination is None:
        return None
    case = case.replace(call_options=call_options_of(combination))
    return None if session.diverges(case) else case


def bounds_of_two(session: Session, case: Case) -> Quantities:
    """How far two answers to a case may be apart: each may be off by its bound."""
    return {name: 2 * bound for name, bound in session.bounds(case).items()}


def within(relation: str, one: Quantities, other: Quantities, bounds: Mapping[str, Array]) -> list[Comparison]:
    """Compares what both have, within bounds."""
    shared = [name for name in bounds if name in one and name in other]
    for name in shared:
        if np.isnan(np.asarray(one[name], np.float64)[np.isfinite(bounds[name])]).any():
            return [Comparison(f"{relation}: {name}", 0, np.inf, problem="NaN where a number is due")]
    return [
        compare(f"{relation}: {name}", np.asarray(one[name], np.float64), bounds[name], other[name]) for name in shared
    ]


def same(relation: str, one: Quantities, other: Quantities) -> list[Comparison]:
    """Compares what both should have, bit for bit."""
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
            found.append(_unlike(label, first, then))
    return found


def repeated(session: Session, case: Case, relation: str, one: Quantities, other: Quantities) -> list[Comparison]:
    """Compares two answers to one input: `same`.

    Sums on a GPU may come in another order each time. There, unless the case asks for deterministic algorithms, answers
    that differ in bits are told as such, and compared within bounds.
    """
    found = same(relation, one, other)
    if session.device == "cpu":
        return found
    alike = all(comparison.agrees for comparison in found)
    session.called_again(case, alike)
    must = case.call_options.get("deterministic", False)
    return found if alike or must else within(relation, one, other, bounds_of_two(session, case))


def unmoved(session: Session, case: Case, relation: str, one: Quantities, other: Quantities) -> list[Comparison]:
    """Compares the answers to the case and to one of which it cannot see that it is another: `same`.

    On a GPU, where the case's own answer differs in bits when it is asked for again, within bounds.
    """
    found = same(relation, one, other)
    if session.device == "cpu" or all(comparison.agrees for comparison in found):
        return found
    again = [repeated(session, case, f"{relation}, or none", one, answer(session, case)) for _ in range(AGAIN)]
    alike = all(comparison.ratio == 0 for comparisons in again for comparison in comparisons)
    found = found if alike else within(relation, one, other, bounds_of_two(session, case))
    return [*chain.from_iterable(again), *found]


def _unlike(label: str, first: Array, then: Array) -> Comparison:
    """Where two arrays that should be the same are not."""
    if first.shape != then.shape or first.dtype != then.dtype:
        return Comparison(
            label, 0, np.inf, problem=f"{first.dtype} {first.shape} first, {then.dtype} {then.shape} then"
        )
    unlike = ~((first == then) | (np.isnan(first) & np.isnan(then)))
    if not unlike.any():  # zeros of different sign, or NaN of different bits
        return Comparison(label, first.size, 0.0)
    where = tuple(int(k) for k in np.argwhere(unlike)[0])
    return Comparison(label, first.size, np.inf, where, float(first[where]), float(then[where]), 0.0)


def joined(pieces: list[Quantities], axis: int) -> dict[str, Array]:
    """The whole's quantities from its pieces': parameters' gradients add up, the rest stands side by side."""
    return {
        name: np.sum([np.asarray(piece[name], np.float64) for piece in pieces], axis=0)
        if name.startswith("d_params")
        else np.concatenate([piece[name] for piece in pieces], axis=axis)
        for name in pieces[0]
        if all(name in piece for piece in pieces)
    }


def rows(case: Case) -> list[Case]:
    """The case's rows, each a case of batch 1."""
    return [row(case, k) for k in range(len(case.x))]


def row(case: Case, k: int) -> Case:
    """One row of a case."""

    def of(array: Array) -> Array:
        return array[k : k + 1]

    dropout = None
    if case.dropout is not None:
        dropout = {
            name: factors[:, k : k + 1] if factors.ndim == 3 and not name.endswith("between") else of(factors)
            for name, factors in case.dropout.items()
        }
    return case.map_arrays(of).replace(
        params=case.params,
        mask=None if case.mask is None else of(case.mask),
        lengths=None if case.lengths is None else of(case.lengths),
        dropout=dropout,
    )


def kept_steps(case: Case) -> Array:
    """Which steps count, ``(batch, time)``."""
    batch, time, _ = case.x.shape
    found = kept(case.mask, case.lengths, time)
    return np.ones((batch, time), bool) if found is None else found


def inputs(case: Case) -> Iterator[tuple[str, Array]]:
    """Every array of a case by name."""
    yield from case.params.items()
    yield "x", case.x
    for name in ("mask", "lengths", "d_outputs"):
        if getattr(case, name) is not None:
            yield name, getattr(case, name)
    for name in ("initial_state", "d_state"):
        parts = getattr(case, name) or ()
        yield from ((f"{name}[{k}]", part) for k, part in enumerate(parts) if part is not None)
    yield from ((f"dropout {name}", factors) for name, factors in (case.dropout or {}).items())
