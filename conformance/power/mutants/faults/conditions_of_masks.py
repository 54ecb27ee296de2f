"""Faults behind a condition of masks and lengths: how much they leave."""

from __future__ import annotations

from ....cases.parts import unmasked_steps_of
from ....contract import Case
from .conditional import Conditional


def _masked(case: Case) -> bool:
    return case.mask is not None or case.lengths is not None


class WrongForAFullMask(Conditional):
    """The layer is wrong where a mask is given that masks nothing."""

    def holds(self, case: Case) -> bool:
        return case.mask is not None and bool(case.mask.all())


class WrongForFullLengths(Conditional):
    """The layer is wrong where lengths are given and every row is full."""

    def holds(self, case: Case) -> bool:
        return case.lengths is not None and bool((case.lengths == case.x.shape[1]).all())


class WrongForEqualLengths(Conditional):
    """The layer is wrong where all rows are equally short."""

    def holds(self, case: Case) -> bool:
        return (
            _masked(case)
            and bool((unmasked_steps_of(case) == unmasked_steps_of(case)[0]).all() and unmasked_steps_of(case).any())
            and not unmasked_steps_of(case).all()
            and len(case.x) > 1
        )


class WrongWhereNoRowIsFull(Conditional):
    """The layer is wrong where no row is full."""

    def holds(self, case: Case) -> bool:
        return (
            _masked(case)
            and not unmasked_steps_of(case).all(axis=1).any()
            and bool(unmasked_steps_of(case).any(axis=1).all())
        )


class WrongWhereNothingCounts(Conditional):
    """The layer is wrong where no step of several rows counts."""

    def holds(self, case: Case) -> bool:
        return not unmasked_steps_of(case).any() and len(case.x) > 1


class WrongWhereNothingOfOneRowCounts(Conditional):
    """The layer is wrong where no step of the only row counts."""

    def holds(self, case: Case) -> bool:
        return not unmasked_steps_of(case).any() and len(case.x) == 1


class WrongWhereAllLengthsAreZero(Conditional):
    """The layer is wrong where all lengths are zero."""

    def holds(self, case: Case) -> bool:
        return case.lengths is not None and not case.lengths.any()
