"""Who chooses a case's sizes, its magnitudes, which arrays it has, and the seed of its numbers.

A case is built in one way (`building`), whoever chooses: Hypothesis, so that a failing case can be shrunk
(`strategies`), or a seeded generator, so that thousands of combinations cost little (`SeededChooser`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Chooser(Protocol):
    """What a case is built with. The least number and the first value count as the simplest."""

    def integer(self, low: int, high: int, label: str) -> int:
        """A number from low to high, both included; the label says what it is for."""
        ...

    def one_of(self, values: Sequence[T], label: str) -> T:
        """One of the values."""
        ...

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """A size in each range, both ends included."""
        ...


class SeededChooser:
    """A seeded generator chooses. Sizes differ from each other where they can, and are mostly greater than one.

    sizes   sizes that are given; they are kept where the options allow them
    """

    def __init__(self, *seed: int, sizes: Mapping[str, int] | None = None) -> None:
        self._rng = np.random.default_rng(seed)
        self._given_sizes = sizes or {}

    def integer(self, low: int, high: int, label: str) -> int:
        return int(self._rng.integers(low, high, endpoint=True))

    def one_of(self, values: Sequence[T], label: str) -> T:
        if label.startswith("cotangent"):  # a combination of options has one case: it asks for all gradients
            return values[-1]
        return values[int(self._rng.integers(len(values)))]

    def sizes(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        avoids_one = self._rng.random() < 0.9
        chosen = {}
        for _ in range(20):
            for name, (low, high) in ranges.items():
                least = max(low, 3 if name == "time" else 2) if avoids_one else low
                chosen[name] = self.integer(min(least, high), high, name)
            if len(set(chosen.values())) == len(chosen):
                break
        given = {name: min(max(size, ranges[name][0]), ranges[name][1]) for name, size in self._given_sizes.items()}
        return chosen | given
