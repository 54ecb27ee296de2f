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


def distinct_numbers(
    rng: np.random.Generator, shape: Sequence[int], scale: float, few_digits: bool, above: float = 0.0
) -> Array:
    """Random numbers in ±scale, no two of the same absolute value.

    few_digits   decimal numbers that are short to print
    above        the fraction of the scale that every absolute value exceeds
    """
    size = int(np.prod(shape))
    steps = np.arange(1, size + 1, dtype=np.float64)
    if not few_digits:
        steps -= rng.uniform(0, 0.9, size)
    values = (above + (1 - above) * rng.permutation(steps) / max(size, 1)) * rng.choice([-1.0, 1.0], size)
    if few_digits:
        values = np.round(values, max(2, len(str(size if above == 0 else int(size / (1 - above)) + 1))))
    return np.asarray(values * scale).reshape(tuple(shape))


def rounded(array: Array, dtype: str) -> Array:
    """The array rounded to the dtype of that name."""
    return array.astype(numpy_dtype(dtype))


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype of that name; NumPy itself has no bfloat16."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def with_garbage(x: Array, unmasked: Array | None, rng: np.random.Generator, magnitude: float) -> Array:
    """``x`` with large numbers in the masked steps, which no implementation may read."""
    if unmasked is None:
        return x
    garbage = distinct_numbers(rng, x.shape, magnitude, few_digits=True)
    garbage = (garbage + np.sign(garbage) * magnitude) / 2
    return np.where(unmasked[:, :, None], x, garbage.astype(x.dtype))
