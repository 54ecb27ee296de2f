"""What a run consists of, so that its length is known before it starts and its cases are shared out evenly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..cases.classes.covering import covering
from ..cases.option_space import Combination
from ..contract import attribute_of
from .session import Session

CELL_VARIANTS: Mapping[str, dict[str, Any]] = {
    "SimpleRNN": {"kind": "SimpleRNN"},
    "LSTM": {"kind": "LSTM"},
    "GRU-reset-after": {"kind": "GRU", "reset_after": True},
    "GRU-reset-before": {"kind": "GRU", "reset_after": False},
}
SHARE_OF_EXPENSIVE = 5
"""Of so many cases with classes an expensive implementation is asked one."""
DTYPES = ("float64", "float32", "float16", "bfloat16")
LAWS = ("batch", "time", "zero", "linear")
INVARIANTS = (
    "repeatable",
    "nothing_mutated",
    "layout_in_memory",
    "no_stale_answer",
    "garbage",
    "nan_garbage",
    "not_finite",
    "padded",
    "lengths_as_mask",
    "dropout_at_inference",
    "flat_at_the_kink",
    "wrong_sizes_refused",
)

MODULE_ORDER = (
    "enumeration",
    "classes",
    "agreement",
    "fixtures",
    "laws",
    "invariants",
    "refusals",
    "stateful",
    "calls",
    "drawn_dropout",
    "left_out",
    "devices",
    "divergences",
)
"""The modules as they run: first those that find most in the fewest cases (``python -m conformance mutants``)."""


def why_not_tried(session: Session, kind: str, dtype: str) -> str:
    """Why no such cell is tried in such a dtype; empty where it is."""
    name = session.implementation.name
    if not session.space.with_options(**CELL_VARIANTS[kind]):
        return f"{name} has no {kind}"
    if dtype not in session.implementation.dtypes:
        return f"{name} does not compute in {dtype}"
    return "" if session.space.with_options(**CELL_VARIANTS[kind], dtype=dtype) else f"{name} has no {kind} in {dtype}"


def _pairs_of_kind_and_dtype(session: Session) -> int:
    """How many pairs of a kind and a dtype the implementation has."""
    return sum(not why_not_tried(session, kind, dtype) for kind in CELL_VARIANTS for dtype in DTYPES)


def random_cases_of_each_pair(session: Session) -> int:
    """How many random cases each kind and dtype gets, so that together they are the profile's number.

    An implementation that says it is ``expensive``, as where every case compiles, gets a fortieth of them.
    """
    divisor = 40 if attribute_of(session.implementation, "expensive") else 1
    return -(-session.profile.cases // (divisor * max(_pairs_of_kind_and_dtype(session), 1)))


def combinations_with_classes(session: Session) -> Mapping[str, Sequence[Combination]]:
    """The combinations, and the classes that each carries, by kind of cell."""
    if "classes" not in session.shared:
        session.shared["classes"] = _covering(session)
    found: Mapping[str, Sequence[Combination]] = session.shared["classes"]
    return found


def _covering(session: Session) -> Mapping[str, Sequence[Combination]]:
    kinds = {kind: its for kind, wanted in CELL_VARIANTS.items() if (its := session.space.with_options(**wanted))}
    thorough, fixed = session.profile.every_combination, attribute_of(session.implementation, "sizes") is not None
    longest = attribute_of(session.implementation, "longest_sequence") or math.inf

    def covered(every: bool) -> Mapping[str, Sequence[Combination]]:
        found = covering(kinds, session.seed, every, attribute_of(session.implementation, "compiled_anew"))
        return {kind: [one for one in its if steps_of(one) <= longest] for kind, its in found.items()}

    found = covered(thorough)
    if fixed:  # what is compiled is for the given sizes alone
        found = {kind: [one for one in its if "shape" not in one] for kind, its in found.items()}
    if attribute_of(session.implementation, "expensive"):
        places = {kind: k for k, kind in enumerate(found)}
        found = {kind: its[places[kind] :: SHARE_OF_EXPENSIVE] for kind, its in found.items()}
    if fixed and thorough:  # each size once with each cell: compiling takes seconds, which a quick run has not
        few = covered(every=False)
        found = {kind: [*its, *(one for one in few[kind] if "shape" in one)] for kind, its in found.items()}
    return found


def steps_of(combination: Combination) -> int:
    """The steps of the real size that a combination carries; 0 where it carries none."""
    return combination["shape"].time if "shape" in combination else 0


def planned_cases(session: Session) -> int:
    """About how many cases a run judges when nothing fails, without the fixtures."""
    of_relations = session.cases_per_relation * len(LAWS + INVARIANTS)
    with_classes = sum(map(len, combinations_with_classes(session).values()))
    return (
        len(session.planned)
        + random_cases_of_each_pair(session) * _pairs_of_kind_and_dtype(session)
        + of_relations
        + with_classes
    )
