"""The numbers that cases are made of.

Within an array no two have the same absolute value, so that every gate, row and column differs from every other:
constant or symmetric weights hide exchanged gates and transposed kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np

from ..contract import Array


def distinct(rng: np.random.Generator, shape: Sequence[int], scale: float, plain: bool, above: float = 0.0) -> Array:
    """Values in ±scale, no two of the same absolute value; ``plain`` ones have few digits.

    above   the part of the scale that all of them are greater than, in absolute value
    """
    size = int(np.prod(shape))
    steps = np.arange(1, size + 1, dtype=np.float64)
    if not plain:
        steps -= rng.uniform(0, 0.9, size)
    values = (above + (1 - above) * rng.permutation(steps) / max(size, 1)) * rng.choice([-1.0, 1.0], size)
    if plain:
        values = np.round(values, max(2, len(str(size if above == 0 else int(size / (1 - above)) + 1))))
    return np.asarray(values * scale).reshape(tuple(shape))


def rounded(array: Array, dtype: str) -> Array:
    """The array in the dtype of that name; NumPy itself has no bfloat16."""
    return array.astype(numpy_dtype(dtype))


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype of that name, bfloat16 included."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def with_garbage(x: Array, kept: Array | None, rng: np.random.Generator, size: float) -> Array:
    """``x`` with large numbers in the steps that do not count."""
    if kept is None:
        return x
    garbage = distinct(rng, x.shape, size, plain=True)
    garbage = (garbage + np.sign(garbage) * size) / 2
    return np.where(kept[:, :, None], x, garbage.astype(x.dtype))
