"""How far faithful implementations lie from a run, looked at more closely the more there is to decide.

A dozen samples (`sampling`), or half of it in real layers, are enough where no number is more than `SUSPECTED`
deviations off, as in nearly all cases of a faithful implementation: the limits are at 6 deviations and more. Then come
`CLOSER` others, and at last `CLOSEST` that look at each partial sum, at many times the price; these decide. What is
`BEYOND_DOUBT` no samples explain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .activations import named
from .arrays import Array
from .parameters import Cell
from .precision import Precision
from .running import AnyRun
from .sampling import SAMPLES, Moments, moments
from .stack import Stack, named_cells

FIRST_OF_MANY = 6
CLOSER = 48
CLOSEST = 96
"""The limit is 8.7 deviations then. 384 would lower it to 7.7; one of 5,000 cases of Keras on TensorFlow is beyond."""
CLOSEST_LOOK = 2  # its place in `Looks.counts`
_FINE = 24
_MANY = 2**14
"""Numbers of all gates and steps."""
SUSPECTED = 4.0
"""Deviations within which no more is asked."""
_SOME_GO_BEYOND = 5_000
BEYOND_DOUBT = 1000.0
_FLOAT64 = Precision.of("float64")


_FEWEST = 1.7
"""Deviations that a single rounding may be off at most: its bound, ``u 2^e``, over their standard deviation."""


def suspected_of(numbers: int) -> float:
    """`SUSPECTED`, and where so many numbers are compared that some go beyond by chance, what the greatest of as many
    normal numbers comes to, ``√(2 ln n)``, and a half."""
    return SUSPECTED if numbers < _SOME_GO_BEYOND else max(SUSPECTED, math.sqrt(2 * math.log(numbers)) + 0.5)


def is_open(worst: float, numbers: int, lost: bool = False) -> bool:
    """Whether a closer look could decide of so many numbers, of which the worst is so many deviations off.

    lost  as in `Moments`: then no number of deviations is beyond doubt
    """
    return suspected_of(numbers) < worst < (math.inf if lost else BEYOND_DOUBT)


def bound_asked_from(cell: Cell | Stack) -> float:
    """From how many deviations on a number is asked for its proven bound, which costs many runs.

    What is within `SUSPECTED` deviations agrees by the spread, and is not asked for its bound. A bound grows with the
    number of roundings, deviations with its root: so it is nearer only where very few roundings make a number, as in
    layers of a unit or two. Where no activation errs it may be as near as one rounding's, and is asked for from there.
    """
    return _FEWEST if any(_errs_little(each) for _, each in named_cells(cell)) else SUSPECTED


def _errs_little(cell: Cell) -> bool:
    names = ("activation", "recurrent_activation", "output_activation")
    used = [getattr(cell, name, None) for name in names]
    return all(named(name).ulps == 0 for name in used if name is not None)


@dataclass(frozen=True)
class Looks:
    """The looks at a run, each taken when it is first asked for.

    cotangents   as in `running.backward`; ``gradients``: whether these are looked at
    samples      how many the first look takes; 0: as many as there should be
    seed         as in `sampling.spread`
    many         whether the first look asks for `Moments.many`
    taken        those that were
    """

    run: AnyRun
    precision: Precision
    cotangents: tuple[Any, Sequence[Any] | None]
    gradients: bool
    samples: int = 0
    seed: int = 0
    many: bool = False
    taken: dict[int, dict[str, Moments]] = field(default_factory=dict, repr=False)

    @cached_property
    def counts(self) -> tuple[int, int, int]:
        """How many samples each look takes."""
        batch, time, _ = self.run.x.shape
        columns = sum(cell.hidden_size * len(cell.gate_order) for _, cell in named_cells(self.run.cell))
        numbers = batch * time * columns
        coarse = self.precision.bits < _FINE  # samples of half precision differ more: six leave too many in doubt
        first = self.samples or (FIRST_OF_MANY if numbers > _MANY and not coarse else SAMPLES)
        return first, CLOSER, CLOSEST

    def at(self, look: int) -> dict[str, Moments]:
        """The first look, 0, the second or the last."""
        if look not in self.taken:
            self.taken[look] = moments(
                self.run,
                self.precision,
                *self.cotangents,
                gradients=self.gradients,
                samples=self.counts[look],
                seed=self.seed,
                first=sum(self.counts[:look]),
                careful=look == CLOSEST_LOOK,
                many=self.many and look == 0,
            )
        return self.taken[look]

    def either(self, look: int) -> bool:
        """Whether something in the run may be either of two, by that look."""
        return any(each.either for each in self.at(look).values())

    def lost(self, look: int) -> bool:
        """`Moments.lost`, by that look."""
        return any(each.lost for each in self.at(look).values())

    def deviation(self, found: Moments) -> Array:
        """That of an implementation from the oracle, which itself computes in float64."""
        return found.deviation * np.hypot(1, _FLOAT64.unit_roundoff / self.precision.unit_roundoff)
