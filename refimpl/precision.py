"""Working precisions: what one rounding may cost, and which arithmetics round otherwise than once an operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import checks
from .arrays import Array
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

    The rest says what of an arithmetic is not of that precision:

    sums       bits in which an inner product is summed up, before it is rounded once; 0: those of the precision
    factors    bits that the factors of an inner product are cut short to; 0: they are not
    weights    bits of the significand in which parameters are stored; 0: those of the precision
    absolute   what every smooth activation may be off beside its own ulps, where an implementation's are accurate to so
               much of 1 and not of themselves
    ulps       for activations by name, what they are off at most in units ``u |y|``, in place of `Activation.ulps`
    """

    name: str
    bits: int
    least: int
    most: int
    sums: int = 0
    factors: int = 0
    weights: int = 0
    absolute: float = 0.0
    ulps: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        checks.fields(
            self,
            name=checks.text,
            bits=checks.integer(1, 53),  # the analysis is computed in float64
            least=checks.integer(-1022, 1023),
            most=checks.integer(-1022, 1023),
            sums=checks.integer(0, 53),
            factors=checks.integer(0, 53),
            weights=checks.integer(0, 53),
            absolute=checks.at_least(0),
            ulps=_ulps,
        )

    @staticmethod
    def of(dtype: Any) -> Precision:
        """The precision of that name or NumPy dtype, or itself; `InvalidArgument` for another."""
        if isinstance(dtype, Precision):
            return dtype
        try:
            name = dtype if isinstance(dtype, str) else "None" if dtype is None else np.dtype(dtype).name
        except Exception:  # NumPy raises five kinds of them
            name = checks.described(dtype)
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

    @property
    def cut(self) -> float:
        """How much of itself a factor of an inner product may lose: a unit of its last bit, since some only cut."""
        return 2.0 ** (1 - self.factors) if self.factors else 0.0

    def gamma(self, n: int) -> float:
        """``γ_n = n u / (1 - n u)``; infinite where ``n u`` reaches 1."""
        return _gamma(checks.count("n", n), self.bits)

    def gamma_of_sums(self, n: int) -> float:
        """``γ_n`` of the arithmetic in which inner products are summed up."""
        return _gamma(checks.count("n", n), self.sums or self.bits)

    def ulps_of(self, activation: str, stated: float) -> float:
        """What the activation may be off, in units ``u |y|``: as is known of this arithmetic, or as ``stated``."""
        return dict(self.ulps).get(checks.text("activation", activation), checks.number("stated", stated, least=0))

    def stored(self, value: Array, bits: int = 0) -> Array:
        """The float64 ``value`` rounded to the nearest number of this precision, or of fewer bits, as float64."""
        bits = checks.integer(0, 53)("bits", bits) or self.bits
        value = checks.floats("value", value, check_finite=False, objects=False)
        if bits == _FLOAT64.bits:
            return value
        _, exponent = np.frexp(value)
        quantum = np.ldexp(1.0, np.maximum(exponent, self.least + 1) - bits)
        nearest = np.rint(value / quantum) * quantum
        return np.where(np.abs(nearest) > self.largest, np.copysign(np.inf, value), nearest)


def _ulps(name: str, value: Any) -> tuple[tuple[str, float], ...]:
    """Pairs of an activation's name and a number."""
    expected = "a tuple of pairs: an activation's name, and a number"
    pairs = [checks.sequence(name, pair, expected, 2) for pair in checks.sequence(name, value, expected)]
    return tuple((checks.text(name, of), checks.number(name, ulps, least=0)) for of, ulps in pairs)


def _gamma(n: int, bits: int) -> float:
    nu = n * 2.0**-bits
    return nu / (1 - nu) if nu < 1 else np.inf


_FLOAT64 = Precision("float64", 53, -1022, 1023)
_FLOAT32 = Precision("float32", 24, -126, 127)
_FLOAT16 = Precision("float16", 11, -14, 15)
_BFLOAT16 = Precision("bfloat16", 8, -126, 127)
_IN_FLOAT32 = 12 * 2.0**-24
_COARSE = 2.0**-13


def _variants() -> Iterator[Precision]:
    """The four as they are, and each arithmetic that some hardware or framework computes with.

    - "absolute": activations accurate to ``12 u`` of 1, and "absolute in float32", to ``12 · 2⁻²⁴``: measured in ONNX
      Runtime 1.31, whose float16 layers compute in float32, at most 10.1, by its GRU's tanh; "absolute to 2^-13": in
      MindSpore 2.10, at most 1.01e-4, by its tanh
    - "sums in float32": matrix units multiply float16 and bfloat16 exactly and add in float32 (NVIDIA, *A100 Tensor
      Core GPU Architecture*, 2020; Intel, *Architecture Instruction Set Extensions*, ``TDPBF16PS``)
    - "products in TF32": 10 bits behind the point of each factor, sums in float32 (NVIDIA, as above)
    - "weights in bfloat16", "weights in float16": parameters stored so, and computed with in float32
    """
    for each in (_FLOAT64, _FLOAT32, _FLOAT16, _BFLOAT16):
        yield each
        yield replace(each, name=f"{each.name}, absolute", absolute=12 * each.unit_roundoff)
    for each in (_FLOAT32, _FLOAT16):
        yield replace(each, name=f"{each.name}, absolute in float32", absolute=_IN_FLOAT32)
    yield replace(_FLOAT32, name="float32, absolute to 2^-13", absolute=_COARSE)
    for each in (_FLOAT16, _BFLOAT16):
        yield replace(each, name=f"{each.name}, sums in float32", sums=_FLOAT32.bits)
        yield replace(_FLOAT32, name=f"float32, weights in {each.name}", weights=each.bits)
    yield replace(_FLOAT32, name="float32, products in TF32", factors=11)


_PRECISIONS = {each.name: each for each in _variants()}
