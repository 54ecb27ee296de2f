"""Working precisions: what one rounding may cost in float64, float32, float16 and bfloat16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .activations import Array
from .errors import InvalidArgument


@dataclass(frozen=True)
class Precision:
    """A working precision: the bits of its significand, and the exponents of its smallest and largest normal numbers.

    ===========  ====  =====  =====  ==================
    name         bits  least  most   defined by
    ===========  ====  =====  =====  ==================
    float64      53    -1022  1023   IEEE 754, binary64
    float32      24    -126   127    IEEE 754, binary32
    float16      11    -14    15     IEEE 754, binary16
    bfloat16     8     -126   127    float32, cut short
    ===========  ====  =====  =====  ==================

    ``absolute`` is what every smooth activation may be off beside its own ulps, where an implementation's are accurate
    to so much of 1 and not of themselves: "float32, absolute" allows ``12 u`` and so on, and "float16, absolute in
    float32" ``12 · 2⁻²⁴``. (Measured in ONNX Runtime 1.31, whose float16 layers compute in float32: at most 10.1, by
    its GRU's tanh.)
    """

    name: str
    bits: int
    least: int
    most: int
    absolute: float = 0.0

    @staticmethod
    def of(dtype: Any) -> Precision:
        """The precision of that name or NumPy dtype; `InvalidArgument` for another."""
        try:
            name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        except TypeError:
            name = repr(dtype)
        if name not in _PRECISIONS:
            raise InvalidArgument("dtype", expected=" or ".join(n for n in _PRECISIONS if "," not in n), got=name)
        return _PRECISIONS[name]

    @property
    def unit_roundoff(self) -> float:
        """``u``, half the distance from 1 to the next number."""
        return 2.0**-self.bits

    @property
    def smallest_normal(self) -> float:
        """The smallest number whose significand has all its bits."""
        return 2.0**self.least

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0 ** (1 - self.bits)) * 2.0**self.most

    def gamma(self, n: int) -> float:
        """``γ_n = n u / (1 - n u)``; infinite where ``n u`` reaches 1."""
        nu = n * self.unit_roundoff
        return nu / (1 - nu) if nu < 1 else np.inf

    def stored(self, value: Array) -> Array:
        """The float64 ``value`` rounded to the nearest number of this precision, as float64."""
        if self.name == "float64":
            return value
        _, exponent = np.frexp(value)
        quantum = np.ldexp(1.0, np.maximum(exponent, self.least + 1) - self.bits)
        nearest = np.rint(value / quantum) * quantum
        return np.where(np.abs(nearest) > self.largest, np.copysign(np.inf, value), nearest)


_PRECISIONS = {
    each.name: each
    for each in (
        Precision("float64", 53, -1022, 1023),
        Precision("float32", 24, -126, 127),
        Precision("float16", 11, -14, 15),
        Precision("bfloat16", 8, -126, 127),
        Precision("float64, absolute", 53, -1022, 1023, absolute=12 * 2.0**-53),
        Precision("float32, absolute", 24, -126, 127, absolute=12 * 2.0**-24),
        Precision("float16, absolute", 11, -14, 15, absolute=12 * 2.0**-11),
        Precision("bfloat16, absolute", 8, -126, 127, absolute=12 * 2.0**-8),
        Precision("float32, absolute in float32", 24, -126, 127, absolute=12 * 2.0**-24),
        Precision("float16, absolute in float32", 11, -14, 15, absolute=12 * 2.0**-24),
    )
}
