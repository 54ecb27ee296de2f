"""Real sizes, special numbers, losses and masks as people have them: each class with each cell, direction, precision.

The classes are in `conformance.cases.classes`. A failing size is told as such: from how many units on, found by
bisection.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest

from conformance.cases.building import CaseBuilder, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.classes import losses
from conformance.cases.classes.sizes import Shape
from conformance.cases.option_space import Combination
from conformance.cases.real_cases import RealCaseBuilder
from conformance.contract import Case, attribute_of
from conformance.judging.divergences import Disagreement
from conformance.suite.failing_combinations import (
    Failed,
    FailureGroup,
    Tried,
    limits_of,
    raise_failures,
    without_fleeting,
)
from conformance.suite.plan import CELL_VARIANTS, SHARE_OF_EXPENSIVE, combinations_with_classes
from conformance.suite.session import Session
from conformance.suite.size_search import smallest_failing


@pytest.mark.parametrize("kind", CELL_VARIANTS)
def test_every_class_agrees_with_the_oracle(session: Session, kind: str) -> None:
    combinations = combinations_with_classes(session).get(kind, ())
    if not combinations:
        why = f"{session.implementation.name} has no {kind}"
        session.record_not_run(f"classes {kind}", why)
        pytest.skip(why)
    _say_what_is_left_out(session, kind, combinations)
    numbers, sizes = Tried(), Tried()
    for combination in combinations:
        tried = sizes if "shape" in combination else numbers
        tried.check(session, f"classes {kind}", built(session, combination), combination)
    groups = [*numbers.groups(session), *_by_size(session, sizes.failed)]
    raise_failures(groups, len(combinations), "combinations of options with sizes, numbers, losses and masks")


def _say_what_is_left_out(session: Session, kind: str, combinations: Sequence[Combination]) -> None:
    name, with_sizes = session.implementation.name, [one for one in combinations if "shape" in one]
    if attribute_of(session.implementation, "sizes") is not None and not with_sizes:
        why = f"{name} compiles anew for each size: the thorough profile asks them"
        session.record_not_run(f"sizes of {kind}", why)
    with_gradients = [one for one in with_sizes if one.get("gradients") is not False]
    for units in sorted({one["shape"].units for one in with_gradients if one.get("loss") == losses.NONE}):
        why = "they cost too much here: the thorough profile asks them"
        session.record_not_run(f"gradients of {kind} with {units} units", why)
    longest = attribute_of(session.implementation, "longest_sequence")
    if longest is not None:
        session.record_not_run(f"more than {longest} steps of {kind}", f"{name} compiles each step by itself")
    if attribute_of(session.implementation, "expensive"):
        what = f"{SHARE_OF_EXPENSIVE - 1} of {SHARE_OF_EXPENSIVE} cases with classes of {kind}"
        session.record_not_run(what, f"{name} is expensive, as it says")


def built(session: Session, combination: Combination, shape: Shape | None = None) -> Case:
    """The case of a combination; the numbers follow from it and the seed, whatever the sizes.

    shape   other sizes than it carries
    """
    shape = shape or combination.get("shape")
    named = sorted((name, str(value)) for name, value in combination.items() if name != "shape")
    seed = zlib.crc32(repr(named).encode())
    if shape is None:
        sizes = attribute_of(session.implementation, "sizes")
        return build_case(SeededChooser(session.seed, seed, sizes=sizes), combination, limits_of(session))
    given = {"hidden" if name == "units" else name: size for name, size in shape.sizes.items()}
    builder: CaseBuilder = RealCaseBuilder(
        SeededChooser(session.seed, seed, sizes=given), combination, limits_of(session)
    )
    return builder.case()


def _by_size(session: Session, failed: list[Failed]) -> list[FailureGroup]:
    """One group of the failures at real sizes: the options that all share, and from which size on they fail."""
    fleeting, failed = without_fleeting(failed)
    if not failed:
        return fleeting
    first = min(failed, key=lambda one: one.case.size)
    shared = set.intersection(*(set(one.combination.items()) for one in failed)) - {
        ("shape", first.combination["shape"])
    }

    def fails(shape: Shape) -> Disagreement | None:
        try:
            session.check(first.label, built(session, first.combination, shape))
        except Disagreement as error:
            return error
        return None

    told, found = smallest_failing(first.combination["shape"], first.combination, fails)
    error = found or first.error
    smallest = Disagreement(lambda: f"fails {told}\n{error}", error.failing_cases)
    return [*fleeting, FailureGroup(dict(sorted(shared, key=str)), len(failed), smallest)]
