"""Dropout as the framework draws it: its rate and scale, what is independent, what stays the same, and the seed.

Other modules impose the factors, so that numbers can be compared; there nothing is drawn. An implementation takes part
with ``drawing(case, seed)`` (`conformance.contract`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from conformance.cases.option_space import Combination
from conformance.common.calling import CALLS
from conformance.common.protection import plain_arrays, private_fields
from conformance.contract import Case, Observed, Quantities, attribute_of
from conformance.judging.verdict import Comparison
from conformance.suite.answers import bits_of
from conformance.suite.drawn_dropout import Reading, can_be_read, improbable, reading
from conformance.suite.session import Session

_CALLS = 4
_TRIED = 8  # combinations of a kind, until one is drawn for
_GROUP = ("kind", "reset_after", "layers", "dropout", "recurrent_dropout", "dropout_per_gate")


def test_dropout_is_drawn_as_it_should_be(session: Session) -> None:
    label = "drawn dropout"
    if attribute_of(session.implementation, "drawing") is None:
        _not_run(session, label, f"{session.implementation.name} has no drawing(case, seed)")
    drawn = 0
    for combination in _one_of_each(session):
        read = reading(combination)
        wrong = _wrong(session, read)
        drawn += 1
        if wrong:
            session.fail(read.case, *wrong)
        numbers = _CALLS * read.expected["kept"]["outputs"].size
        session.record_comparisons(label, "invariants", (Comparison("drawn dropout", numbers, 0.0),), read.case)
    if not drawn:
        _not_run(session, label, "no layer was drawn for, or only with a known divergence")


def _wrong(session: Session, read: Reading) -> list[str]:
    """What is wrong with what is drawn for one layer, in words."""
    seed = session.seed + 1
    draw = _drawing(session, read.case, seed)
    answers = [draw() for _ in range(_CALLS)]
    again, other = _drawing(session, read.case, seed)(), _drawing(session, read.case, seed + 1)()
    try:
        drops = np.stack([read.read(answer) for answer in answers])
    except ValueError as error:
        return [str(error)]
    found = improbable(drops, ("calls", *read.axes))
    if bits_of(again) != bits_of(answers[0]):
        found.append("the same seed draws something else")
    if bits_of(other) == bits_of(answers[0]):
        found.append("another seed draws the same")
    return [f"{read.kind} dropout, drawn in {_CALLS} calls: {each}" for each in found]


def _drawing(session: Session, case: Case, seed: int) -> Callable[[], Quantities]:
    with CALLS.around(case):
        made = session.implementation.drawing(private_fields(case), seed)  # type: ignore[attr-defined]  # not all have it

    def draw() -> Quantities:
        with CALLS.around(case):
            found = made()
            return plain_arrays(found.values if isinstance(found, Observed) else found)

    return draw


def _one_of_each(session: Session) -> Iterator[Combination]:
    """One combination of each kind of cell and dropout, for which the implementation draws; few where all compile."""
    groups: dict[tuple[object, ...], list[Combination]] = {}
    for one in session.space.valid:
        if can_be_read(one):
            groups.setdefault(tuple(one.get(name) for name in _GROUP), []).append(one)
    if attribute_of(session.implementation, "expensive"):
        groups = {group[2:]: its for group, its in groups.items()}  # of each kind of dropout one cell, the last
    rng = np.random.default_rng(session.seed)
    found = (_drawn_for(session, rng, its) for its in groups.values())
    return (one for one in found if one is not None)


def _drawn_for(session: Session, rng: np.random.Generator, combinations: list[Combination]) -> Combination | None:
    order: list[int] = rng.permutation(len(combinations))[:_TRIED].tolist()
    for k in order:
        case = reading(combinations[k]).case
        if session.diverges(case):
            continue
        with CALLS.around(case):
            made: Any = session.implementation.drawing(private_fields(case), 0)  # type: ignore[attr-defined]  # not all have it
        if made is not None:
            return combinations[k]
    return None


def _not_run(session: Session, what: str, why: str) -> None:
    session.record_not_run(what, why)
    pytest.skip(why)
