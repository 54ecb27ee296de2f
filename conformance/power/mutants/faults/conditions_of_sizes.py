"""Faults behind a condition of sizes: public reports have layers that are wrong for large shapes only."""

from __future__ import annotations

from ....contract import Case
from .conditional import Conditional, ConditionalGradients, units_of


class WrongFrom10Units(Conditional):
    """The layer is wrong from 10 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 10


class WrongFrom17Units(Conditional):
    """The layer is wrong from 17 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 17


class WrongFrom33Units(Conditional):
    """The layer is wrong from 33 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 33


class WrongFrom65Units(Conditional):
    """The layer is wrong from 65 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 65


class WrongFrom129Units(Conditional):
    """The layer is wrong from 129 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 129


class WrongFrom256Units(Conditional):
    """The layer is wrong from 256 units on."""

    def holds(self, case: Case) -> bool:
        return units_of(case) >= 256


class WrongAtTheRemainder(Conditional):
    """Of more than a vector of units, the last ones are wrong where they fill no vector."""

    def holds(self, case: Case) -> bool:
        return units_of(case) > 8 and units_of(case) % 8 != 0


class WrongAtWholeVectors(Conditional):
    """The layer is wrong where the units fill whole vectors of sixteen."""

    def holds(self, case: Case) -> bool:
        return units_of(case) % 16 == 0


class WrongFrom7Inputs(Conditional):
    """The layer is wrong from 7 inputs on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[2] >= 7)


class WrongFrom17Inputs(Conditional):
    """The layer is wrong from 17 inputs on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[2] >= 17)


class WrongFrom129Inputs(Conditional):
    """The layer is wrong from 129 inputs on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[2] >= 129)


class WrongFrom257Inputs(Conditional):
    """The layer is wrong from 257 inputs on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[2] >= 257)


class WrongFrom5Rows(Conditional):
    """The layer is wrong from 5 rows on."""

    def holds(self, case: Case) -> bool:
        return len(case.x) >= 5


class WrongFrom17Rows(Conditional):
    """The layer is wrong from 17 rows on."""

    def holds(self, case: Case) -> bool:
        return len(case.x) >= 17


class WrongFrom33Rows(Conditional):
    """The layer is wrong from 33 rows on."""

    def holds(self, case: Case) -> bool:
        return len(case.x) >= 33


class WrongFrom65Rows(Conditional):
    """The layer is wrong from 65 rows on."""

    def holds(self, case: Case) -> bool:
        return len(case.x) >= 65


class WrongFrom257Rows(Conditional):
    """The layer is wrong from 257 rows on."""

    def holds(self, case: Case) -> bool:
        return len(case.x) >= 257


class WrongFrom21Steps(Conditional):
    """The layer is wrong from 21 steps on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] >= 21)


class WrongFrom33Steps(Conditional):
    """The layer is wrong from 33 steps on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] >= 33)


class WrongFrom129Steps(Conditional):
    """The layer is wrong from 129 steps on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] >= 129)


class WrongFrom513Steps(Conditional):
    """The layer is wrong from 513 steps on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] >= 513)


class GradientsWrongFrom65UnitsOfSimpleRNN(ConditionalGradients):
    """The gradients of a layer of kind SimpleRNN are wrong from 65 units on."""

    def holds(self, case: Case) -> bool:
        return case.kind == "SimpleRNN" and units_of(case) >= 65


class GradientsWrongFrom65UnitsOfLSTM(ConditionalGradients):
    """The gradients of a layer of kind LSTM are wrong from 65 units on."""

    def holds(self, case: Case) -> bool:
        return case.kind == "LSTM" and units_of(case) >= 65


class GradientsWrongFrom65UnitsOfGRU(ConditionalGradients):
    """The gradients of a layer of kind GRU are wrong from 65 units on."""

    def holds(self, case: Case) -> bool:
        return case.kind == "GRU" and units_of(case) >= 65


class BackwardWrongFrom33Units(Conditional):
    """A layer that goes backward is wrong from 33 units on."""

    def holds(self, case: Case) -> bool:
        return case.options["direction"] != "forward" and units_of(case) >= 33


class GradientsWrongFrom33Steps(ConditionalGradients):
    """The gradients are wrong from 33 steps on."""

    def holds(self, case: Case) -> bool:
        return bool(case.x.shape[1] >= 33)


class SinglePrecisionWrongFrom17Rows(Conditional):
    """In float32 the layer is wrong from 17 rows on."""

    def holds(self, case: Case) -> bool:
        return case.dtype_name == "float32" and len(case.x) >= 17
