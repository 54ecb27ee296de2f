"""Sizes as layers have them: around those at which vector units and blocked kernels change, and far beyond the toys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..option_space import Combination
from . import extents

NAMES = ("units", "batch", "time", "input")


@dataclass(frozen=True)
class Shape:
    """The sizes of a case."""

    units: int
    batch: int
    time: int
    input: int

    @property
    def price(self) -> float:
        """What a case costs, roughly: steps cost whatever their size, and large kernels."""
        return float(1 + self.time / 20 + self.units / 100)

    @property
    def sizes(self) -> Mapping[str, int]:
        """By the names of `NAMES`."""
        return {name: getattr(self, name) for name in NAMES}


Sizes = tuple[int, ...]
ROWS: tuple[Mapping[str, Sizes], ...] = (
    {"units": (1,), "batch": (4, 5, 6), "time": (31, 32, 33), "input": (7, 8, 9)},
    {"units": (7,), "batch": (2, 3), "time": (200,), "input": (4, 5, 6)},
    {"units": (8,), "batch": (63, 64, 65), "time": (1, 2, 3), "input": (1,)},
    {"units": (9,), "batch": (2, 3), "time": (50,), "input": (300,)},
    {"units": (15, 16, 17), "batch": (15, 16, 17), "time": (7, 8, 9), "input": (2, 3)},
    {"units": (31, 32, 33), "batch": (7, 8, 9), "time": (15, 16, 17), "input": (15, 16, 17)},
    {"units": (63, 64, 65), "batch": (31, 32, 33), "time": (4, 5, 6), "input": (31, 32, 33)},
    {"units": (127, 128, 129), "batch": (1,), "time": (20, 21), "input": (2, 3)},
    {"units": (255, 256, 257), "batch": (2, 3), "time": (2, 3), "input": (127, 128, 129)},
    {"units": (512,), "batch": (1,), "time": (2, 3), "input": (63, 64, 65)},
)
"""The classes of sizes, a row each of all four: each meets each cell, and where one is large the others are small, as
costs multiply. Of a class of several sizes each kind of cell gets another (`shapes`)."""
ONCE: tuple[Mapping[str, Sizes], ...] = (
    {"units": (3,), "batch": (2,), "time": (1000,), "input": (4,)},
    {"units": (5,), "batch": (257,), "time": (3,), "input": (6,)},
)
"""What a run is asked once, of one kind of cell."""
LONGEST_OF_TWO, MOST_ROWS = 500, 100
"""Steps, beyond which one direction is enough; rows of all but what is asked once."""


def shapes(rows: Iterable[Mapping[str, Sizes]], number: int) -> list[Shape]:
    """A shape of each row: of its classes the sizes that follow from the number."""
    return [
        Shape(**{name: its[(number + place) % len(its)] for name, its in row.items()}) for place, row in enumerate(rows)
    ]


def classes_of(shape: Shape) -> dict[str, str]:
    """The class of each size in words, as ``15 to 17``; of what a run is asked once, only what is special about it."""
    if shape.time > LONGEST_OF_TWO or shape.batch > MOST_ROWS:
        return {"once": f"{shape.time} steps" if shape.time > LONGEST_OF_TWO else f"{shape.batch} rows"}
    return {name: class_of(name, size) for name, size in shape.sizes.items()}


def class_of(name: str, size: int) -> str:
    """The class of a size in words."""
    its = next((row[name] for row in ROWS if size in row[name]), (size,))
    return str(size) if len(its) == 1 else f"{its[0]} to {its[-1]}"


_WIDE, _LONG, _UNROLLED = 120, 40, 50
_USUAL = ("tanh", "sigmoid")


def can_have(combination: Combination, shape: Shape) -> bool:
    """Whether a case of these options can have exactly these sizes, and its tolerances are narrow there.

    Activations are smooth and bounded: else many steps need proven bounds, which are infinite. Layers on top of each
    other multiply what a case costs, and a compiler takes a tenth of a second and more for each unrolled step.
    """
    if combination.get("unroll") and shape.time > _UNROLLED:
        return False
    if combination["layers"] > (1 if shape.units > _WIDE or shape.time > _LONG else 2):
        return False
    if shape.units > _WIDE and combination.get("projection"):
        return False
    if shape.time > LONGEST_OF_TWO and combination["direction"] == "both":
        return False
    if combination.get("layout") == "unbatched" and shape.batch > 1:
        return False
    if any(shape.sizes[name] < least for name, least in least_sizes(combination).items()):
        return False
    return is_usual(combination)


def is_usual(combination: Combination) -> bool:
    """Whether all activations are smooth and bounded, and nothing is clipped."""
    activations = [combination.get(name) for name in ("activation", "recurrent_activation", "output_activation")]
    smooth = all(name is None or name in _USUAL for name in activations)
    return smooth and combination.get("backward_cell", "alike") == "alike" and not combination.get("clip")


def least_sizes(combination: Combination) -> dict[str, int]:
    """The least sizes that a case of these options can have."""
    return extents.least_sizes(combination) | {"input": 1, "units": 2 if combination.get("projection") else 1}
