"""What arrays that carry their own arithmetic have in common (`rounded_sums`, `sampled_values`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array


class Wrapping:
    """An object around an array of float64 ``value``, whose shape and dtype it has."""

    __array_ufunc__ = None  # an ndarray on the left hands the operation over to us

    value: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.value.dtype
        return dtype
