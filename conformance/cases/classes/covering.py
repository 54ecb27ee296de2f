"""A few cases in which every class meets every cell, direction and precision: a class and an option are a *pair*.

Greedy: for each class and kind of cell, of some combinations of options that can have it the one is taken that has the
most pairs that no case has had. Sizes and numbers that are special exclude each other, as zeros would hide a size's
fault; each carries a loss, and where there is a mask or lengths what these leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..option_space import Combination, compiles_anew
from ..option_table import CARRIED
from . import extents, losses, sizes, values

_CANDIDATES = 16  # combinations that are looked at for each class and kind
_WEIGHTS = {"direction": 8.0, "gradients": 8.0, "dtype": 4.0}  # of a pair; of another option 1
_PRICE = 3.0  # in pairs
_PRICE_OF_COMPILING = 5.0  # in cases that call what is there
_MOST_NUMBERS = 500_000  # of a recurrent kernel whose gradient a quick run asks for
_NOT_GRADIENTS = ("gradients", False)

Pairs = set[tuple[str, Any, str, Any]]


@dataclass
class Covering:
    """The pairs that the cases so far have.

    quick   whether gradients that cost too much are left out
    anew    the options with which each call compiles (`conformance.contract`)
    """

    rng: np.random.Generator
    quick: bool = True
    anew: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=set)

    def cases_of(
        self,
        carried: str,
        classes: Iterable[Any],
        combinations: Sequence[Combination],
        can_have: Callable[[Combination, Any], bool],
    ) -> list[Combination]:
        """For each class a combination that has it, with a loss and an extent where these are possible."""
        found = []
        for each in classes:
            candidates = self._candidates(combinations, each, can_have)
            if not candidates:
                continue
            worth = [self._gain({**one, carried: each}) - _PRICE * self._price(one, each) for one in candidates]
            best = candidates[int(np.argmax(worth))]
            found.append(self._with_others({**best, carried: each}))
            self.pairs |= pairs_of(found[-1])
        return found

    def _candidates(
        self, combinations: Sequence[Combination], each: Any, can_have: Callable[[Combination, Any], bool]
    ) -> list[Combination]:
        """Some of the combinations that can have the class."""
        found = []
        for place in self.rng.permutation(len(combinations)):
            if can_have(combinations[place], each):
                found.append(combinations[place])
                if len(found) == _CANDIDATES:
                    break
        return found

    def _price(self, combination: Combination, each: Any) -> float:
        return price_of(combination, each) + _PRICE_OF_COMPILING * compiles_anew(self.anew, combination)

    def _with_others(self, combination: Combination) -> Combination:
        """With the extent and the loss that have met its options least."""
        found = dict(combination)
        costly = self.quick and "shape" in found and price_of_gradients(found) > _MOST_NUMBERS
        if costly and found.get("gradients") is not True:
            found["loss"] = losses.NONE
        for name, classes, can_have in (
            ("extent", extents.EXTENTS, extents.can_have),
            ("loss", tuple(losses.LOSSES), losses.can_have),
        ):
            possible = [each for each in classes if can_have(combination, each)]
            if name not in found and possible and self._fits(combination, name):
                order = self.rng.permutation(len(possible))
                found[name] = max(
                    (possible[k] for k in order), key=lambda each: self._gain({**combination, name: each}, name)
                )
        return found

    def _fits(self, combination: Combination, name: str) -> bool:
        """An extent changes how many rows or steps there must be, so that no given sizes have one; two of three cases
        have a loss."""
        return "shape" not in combination if name == "extent" else bool(self.rng.random() < 2 / 3)

    def _gain(self, combination: Combination, carried: str = "") -> float:
        new = pairs_of(combination) - self.pairs
        return sum(_WEIGHTS.get(option, 1.0) for name, _, option, _ in new if carried in ("", name))


def price_of(combination: Combination, each: Any) -> float:
    """What a case costs: two directions cost twice as much as one."""
    cells: int = combination["layers"] * (1 + (combination["direction"] == "both"))
    price: float = each.price if isinstance(each, sizes.Shape) else 1.0
    return cells * price


def price_of_gradients(combination: Combination) -> int:
    """How many weights the recurrent kernel has, roughly."""
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[combination["kind"]]
    units: int = combination["shape"].units
    return gates * units**2


def pairs_of(combination: Combination) -> Pairs:
    """Each class that a combination carries, with each of its options."""
    options = [(name, value) for name, value in combination.items() if name not in CARRIED]
    if combination.get("direction") == "both":
        options += [("direction", "forward"), ("direction", "backward")]
    if combination.get("gradients") is not False and combination.get("loss") != losses.NONE:
        options.append(("gradients", True))
    return {
        (name, each, option, value)
        for name, each in classes_of(combination).items()
        for option, value in options
        if (option, value) != _NOT_GRADIENTS
    }


def classes_of(combination: Mapping[str, Any]) -> dict[str, str]:
    """The classes that a combination carries, by name."""
    found = {name: combination[name] for name in ("values", "loss", "extent") if name in combination}
    if found.get("loss") == losses.NONE:
        del found["loss"]
    if shape := combination.get("shape"):
        found |= sizes.classes_of(shape)
    return found


def covering(
    kinds: Mapping[str, Sequence[Combination]], seed: int, every: bool, anew: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, list[Combination]]:
    """For each kind of cell its combinations with what they carry.

    kinds   to each kind the combinations that the implementation has
    every   False: each class once with each kind; True: once with each direction and dtype of each kind, too
    anew    the options with which each call compiles: others are preferred
    """
    covering = Covering(np.random.default_rng([seed, 22]), quick=not every, anew=anew or {})
    found: dict[str, list[Combination]] = {}
    for number, (kind, combinations) in enumerate(kinds.items()):
        once = sizes.ONCE if every else sizes.ONCE[number :: max(len(kinds), 1)]
        numbers = range(3) if every else [number + seed]
        shapes = [shape for k in numbers for shape in sizes.shapes(sizes.ROWS, k)] + sizes.shapes(once, 0)
        found[kind] = []
        for part in _parts(combinations) if every else [combinations]:
            usual = part if every else [one for one in part if sizes.is_usual(one) and one["layers"] < 3] or part
            found[kind] += covering.cases_of("shape", shapes, part, sizes.can_have)
            found[kind] += covering.cases_of("values", values.VALUES, usual, values.can_have)
            found[kind] += covering.cases_of("extent", extents.EXTENTS, usual, extents.can_have)
    return found


def _parts(combinations: Sequence[Combination]) -> list[list[Combination]]:
    """The combinations by direction and dtype."""
    found: dict[tuple[Any, Any], list[Combination]] = {}
    for one in combinations:
        found.setdefault((one["direction"], one["dtype"]), []).append(one)
    return list(found.values())
