"""The layers for which an implementation draws dropout, one of each kind, and what is wrong with what it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..cases.option_space import Combination
from ..common.calling import CALLS
from ..common.protection import plain_arrays, private_fields
from ..contract import Case, Implementation, Observed, Quantities, attribute_of
from .answers import bits_of
from .drawn_dropout import Reading, can_be_read, improbable, reading
from .session import PROFILES, Session

CALLS_DRAWN = 4
SURFACE = "dropout as it is drawn, "
"""Begins the names under which an observation's surface has it."""
_TRIED = 8  # combinations of a kind, until one is drawn for
_GROUP = ("kind", "reset_after", "layers", "dropout", "recurrent_dropout", "dropout_per_gate")


def drawn_layers(session: Session) -> Iterator[tuple[Reading, list[str]]]:
    """Each layer with what is wrong: in words, and after a colon in numbers; empty where nothing is."""
    for combination in _one_of_each(session):
        read = reading(combination)
        yield read, _wrong(session, read)


def drawn_surface(implementation: Implementation) -> dict[str, dict[str, dict[str, str]]]:
    """The same without numbers, which differ from release to release, as an observation's surface has it."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    if attribute_of(implementation, "drawing") is not None:
        for read, wrong in drawn_layers(Session(implementation, PROFILES["quick"])):
            its = found.setdefault(SURFACE + read.case.kind, {"draws": {}})["draws"]
            said = "; ".join(each.partition(":")[0] for each in wrong) or "as it should be"
            its[read.kind] = said if its.get(read.kind, said) == said else f"{its[read.kind]}; {said}"
    return found


def _wrong(session: Session, read: Reading) -> list[str]:
    """What is wrong with what is drawn for one layer: in words, and after a colon in numbers."""
    seed = session.seed + 1
    draw = _drawing(session, read.case, seed)
    answers = [draw() for _ in range(CALLS_DRAWN)]
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
    return found


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
