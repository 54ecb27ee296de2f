"""Numbers for the corpus: reproducible to the bit, on any platform and with any version of NumPy.

They come from `random.Random.random`, whose sequence Python guarantees, by IEEE arithmetic that is correctly rounded
everywhere. Within an array no two have the same absolute value: constant or symmetric weights hide exchanged gates
and transposed kernels.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from ...contract import Array

_OFFSETS = (0.5, 0.1, 0.8, 0.3, 0.65, 0.2, 0.9)


GENERATOR = "a seeded generator (conformance/exact/families)"
"""Part of every provenance in the corpus. It names the folder where this generator stood when the corpus was first
written: the files of the corpus stay the same to the byte, whatever is moved here."""


class SeededNumbers:
    """Draws arrays of distinct values, one after the other, from a seed."""

    def __init__(self, seed: str, few_digits: bool = False) -> None:
        self._random = random.Random(seed)
        self._few_digits = few_digits
        self._arrays = 0

    def array(self, shape: Sequence[int], magnitude: float, centre: float = 0.0) -> Array:
        """Numbers of at most this magnitude around the centre, none twice."""
        size = math.prod(shape)
        draw = self._random.random
        offset = _OFFSETS[self._arrays % len(_OFFSETS)]  # else two arrays of one size had the same magnitudes
        self._arrays += 1
        steps = [k - (offset if self._few_digits else 0.9 * draw()) for k in range(1, size + 1)]
        order = sorted(range(size), key=[draw() for _ in range(size)].__getitem__)
        found = []
        for k in order:
            value = steps[k] / size
            if self._few_digits:
                value = round(value, 2 + len(str(size)))
            found.append(centre + magnitude * (value if draw() < 0.5 else -value))
        return np.array(found, np.float64).reshape(tuple(shape))

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability
