"""Faults behind a condition of the loss: gradients that are right where everything has a cotangent."""

from __future__ import annotations

import numpy as np

from ....contract import Array, Case
from .conditional import ConditionalGradients


def _outputs_looked_at(case: Case) -> Array:
    """Which outputs have a cotangent that is not zero; none where no output has one."""
    return np.zeros(case.outputs_shape, bool) if case.d_outputs is None else np.asarray(case.d_outputs != 0)


def _whole(case: Case) -> bool:
    """Whether there is more than one step and row."""
    return case.outputs_shape[0] > 1 and case.outputs_shape[1] > 1


class WrongForTheLastOutputOnly(ConditionalGradients):
    """The gradients are wrong where the loss looks at the last output only."""

    def holds(self, case: Case) -> bool:
        return bool(
            _whole(case)
            and not case.d_state
            and case.return_sequences
            and np.flatnonzero(_outputs_looked_at(case).any(axis=(0, 2))).tolist() == [case.outputs_shape[1] - 1]
        )


class WrongForTheFinalStateOnly(ConditionalGradients):
    """The gradients are wrong where the loss looks at the final state only."""

    def holds(self, case: Case) -> bool:
        return case.d_state is not None and case.d_outputs is None and all(part is not None for part in case.d_state)


class WrongForOneStep(ConditionalGradients):
    """The gradients are wrong where the loss looks at one step before the last only."""

    def holds(self, case: Case) -> bool:
        return bool(
            not case.d_state
            and _outputs_looked_at(case).any(axis=(0, 2)).sum() == 1
            and not _outputs_looked_at(case)[:, -1].any()
        )


class WrongForOneRow(ConditionalGradients):
    """The gradients are wrong where the loss looks at one row only."""

    def holds(self, case: Case) -> bool:
        return bool(_whole(case) and _outputs_looked_at(case).any(axis=(1, 2)).sum() == 1)


class WrongForOneUnit(ConditionalGradients):
    """The gradients are wrong where the loss looks at one unit only."""

    def holds(self, case: Case) -> bool:
        return bool(case.outputs_shape[2] > 1 and _outputs_looked_at(case).any(axis=(0, 1)).sum() == 1)


class WrongForScatteredCotangents(ConditionalGradients):
    """The gradients are wrong where some cotangents are zeros, of every step and row."""

    def holds(self, case: Case) -> bool:
        return bool(_whole(case) and not _outputs_looked_at(case).all() and _outputs_looked_at(case).any(axis=2).all())


class WrongForCotangentsOfOnes(ConditionalGradients):
    """The gradients are wrong where all cotangents are ones, as of a sum."""

    def holds(self, case: Case) -> bool:
        return case.d_outputs is not None and bool((case.d_outputs == 1).all()) and case.d_outputs.size > 1


class WrongForTinyCotangents(ConditionalGradients):
    """The gradients are wrong where all cotangents are tiny."""

    def holds(self, case: Case) -> bool:
        return case.d_outputs is not None and float(np.abs(case.d_outputs).max(initial=0)) < 1e-20


class WrongForHugeCotangents(ConditionalGradients):
    """The gradients are wrong where cotangents are huge."""

    def holds(self, case: Case) -> bool:
        return case.d_outputs is not None and float(np.abs(case.d_outputs).max(initial=0)) > 1e6
