"""Faults behind a condition of the numbers: zeros as in padding, equal rows, symmetric kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....cases.parts import unmasked_steps_of
from ....contract import Array, Case
from .conditional import Conditional, units_of


def _counted(case: Case) -> Array:
    """The inputs of the steps that count, ``(steps, input)``."""
    return case.x[unmasked_steps_of(case)]


def _is_among(found: Any) -> bool:
    return bool(found.any() and not found.all())


def _are_zeros(case: Case, which: str) -> bool:
    its = [value for name, value in case.params.items() if name.rpartition(".")[2].endswith(which)]
    return bool(its) and not any(value.any() for value in its)


def _squares(case: Case) -> list[Array]:
    """The recurrent kernel's block of each gate; nothing where there is a projection."""
    kernels = [value for name, value in case.params.items() if name.endswith("recurrent_kernel")]
    return [block for kernel in kernels for block in np.split(kernel, kernel.shape[1] // len(kernel), axis=1)]


class WrongAtAZero(Conditional):
    """The layer is wrong where an input is exactly zero, as in padding."""

    def holds(self, case: Case) -> bool:
        return bool((_counted(case) == 0).any())


class WrongForOneHotInputs(Conditional):
    """The layer is wrong where every input vector is one-hot."""

    def holds(self, case: Case) -> bool:
        return bool(
            case.x.shape[2] > 1
            and _counted(case).size
            and (np.sort(_counted(case), axis=-1)[:, -1] == 1).all()
            and (np.abs(_counted(case)).sum(axis=-1) == 1).all()
        )


class WrongForAZeroInput(Conditional):
    """The layer is wrong where the whole input is zeros."""

    def holds(self, case: Case) -> bool:
        return bool(_counted(case).size and not _counted(case).any())


class WrongAtAZeroRow(Conditional):
    """The layer is wrong where all of a row's input is zeros, and not of the others."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.any() and _is_among(~case.x.any(axis=(1, 2))))


class WrongAtAZeroStep(Conditional):
    """The layer is wrong where all inputs of a step are zeros, and not of the others."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.any() and _is_among(~case.x.any(axis=(0, 2))))


class WrongForZeroBiases(Conditional):
    """The layer is wrong where all biases are zeros."""

    def holds(self, case: Case) -> bool:
        return _are_zeros(case, "bias")


class WrongForAZeroState(Conditional):
    """The layer is wrong where an initial state of zeros is given."""

    def holds(self, case: Case) -> bool:
        return bool(case.initial_state) and not any(part.any() for part in case.initial_state or ())


class WrongForAZeroKernel(Conditional):
    """The layer is wrong where the recurrent kernels are zeros."""

    def holds(self, case: Case) -> bool:
        return _are_zeros(case, "recurrent_kernel")


class WrongAtANegativeZero(Conditional):
    """The layer is wrong where an input is -0.0."""

    def holds(self, case: Case) -> bool:
        return bool((np.signbit(_counted(case)) & (_counted(case) == 0)).any())


class WrongForAConstantInput(Conditional):
    """The layer is wrong where all inputs are the same number."""

    def holds(self, case: Case) -> bool:
        return bool(_counted(case).size > 1 and np.ptp(_counted(case)) == 0 and _counted(case).any())


class WrongForEqualRows(Conditional):
    """The layer is wrong where all rows are the same."""

    def holds(self, case: Case) -> bool:
        return bool(len(case.x) > 1 and not np.ptp(case.x, axis=0).any() and case.x.any())


class WrongForEqualSteps(Conditional):
    """The layer is wrong where all steps are the same."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] > 1 and not np.ptp(case.x, axis=1).any() and np.ptp(case.x) > 0)


class WrongForIntegers(Conditional):
    """The layer is wrong where all inputs are whole numbers, and some greater than one."""

    def holds(self, case: Case) -> bool:
        return bool(_counted(case).size > 1 and (_counted(case) % 1 == 0).all() and np.abs(_counted(case)).max() > 1)


class WrongAtASubnormalNumber(Conditional):
    """The layer is wrong where an input is subnormal."""

    def holds(self, case: Case) -> bool:
        return bool(((case.x != 0) & (np.abs(case.x) < np.finfo(case.dtype).smallest_normal)).any())


class WrongForHugeInputs(Conditional):
    """The layer is wrong where an input is beyond 900."""

    def holds(self, case: Case) -> bool:
        return bool(np.abs(_counted(case)).max(initial=0) > 900)


class WrongForImmenseInputs(Conditional):
    """The layer is wrong where an input is beyond 1e20."""

    def holds(self, case: Case) -> bool:
        return bool(np.abs(_counted(case)).max(initial=0) > 1e20)


class WrongForSymmetricKernels(Conditional):
    """The layer is wrong where the recurrent kernels are symmetric."""

    def holds(self, case: Case) -> bool:
        return units_of(case) > 1 and all((block == block.T).all() for block in _squares(case))


class WrongForIdentityKernels(Conditional):
    """The layer is wrong where the recurrent kernels are identities."""

    def holds(self, case: Case) -> bool:
        return units_of(case) > 1 and all((block == np.eye(len(block))).all() for block in _squares(case))


class WrongForConstantKernels(Conditional):
    """The layer is wrong where all weights of the kernels are the same."""

    def holds(self, case: Case) -> bool:
        return case.x.shape[2] > 1 and all(
            np.ptp(value) == 0 for name, value in case.params.items() if name.endswith("kernel")
        )
