"""Arithmetic of a precision that NumPy does not compute in: every operation is rounded, none is exact for free.

The numbers are float64 and each result is rounded to the nearest number of the precision. That is the arithmetic of
a plain implementation in that precision: what the rounding bound is about. Sums go from the first term to the last
or, as an implementation may, from the last to the first; results below the normal numbers stay or become zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..precision import Precision


@dataclass(frozen=True)
class Machine:
    """A precision, the order in which sums are taken, and whether what is below the normal numbers is zero."""

    precision: Precision
    backwards: bool = False
    flushes: bool = False

    def rounded(self, value: Any) -> Any:
        found = self.precision.stored(np.asarray(value, np.float64))
        return np.where(np.abs(found) < self.precision.smallest_normal, 0.0, found) if self.flushes else found

    def order(self, count: int) -> range:
        return range(count)[::-1] if self.backwards else range(count)

    def matmul(self, a: Any, b: Any) -> Any:
        a, b, in_sums = self.cut(a), self.cut(b), self.precision.sums or self.precision.bits
        total = np.zeros((*a.shape[:-1], b.shape[-1]))
        for k in self.order(a.shape[-1]):
            product = self.precision.stored(a[..., k, None] * b[k], in_sums)
            total = self.precision.stored(total + product, in_sums)
        return self.rounded(total)

    def cut(self, factor: Any) -> Any:
        """The factor of an inner product without the bits that it loses."""
        if not self.precision.factors:
            return factor
        mantissa, exponent = np.frexp(factor)
        return np.ldexp(np.trunc(np.ldexp(mantissa, self.precision.factors)), exponent - self.precision.factors)

    def sum(self, a: Any, axis: int) -> Any:
        total = np.zeros(a.shape[:axis] + a.shape[axis + 1 :])
        for k in self.order(a.shape[axis]):
            total = self.rounded(total + a.take(k, axis))
        return total


class Emulated(np.ndarray[Any, Any]):
    """An array that a machine computes with."""

    machine: Machine

    def __array_finalize__(self, parent: Any) -> None:
        self.machine = getattr(parent, "machine", None)  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        machine = next(each.machine for each in inputs if isinstance(each, Emulated))
        plain = [np.asarray(each) for each in inputs]
        plain = [each if each.dtype == bool else machine.rounded(each) for each in plain]
        if ufunc is np.matmul:
            return emulated(machine, machine.matmul(*plain))
        if method == "reduce":
            assert ufunc is np.add, ufunc
            return emulated(machine, machine.sum(plain[0], kwargs["axis"]))
        assert method == "__call__", method
        found = emulated(machine, ufunc(*plain))
        if "out" not in kwargs:
            return found
        (out,) = kwargs["out"]
        out[...] = found
        return out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        found = super().__array_function__(function, types, args, kwargs)  # which takes arrays apart or together
        return emulated(self.machine, np.asarray(found))


def emulated(machine: Machine, value: Any) -> Any:
    """``value``, rounded, as an array of the machine; what is no number as it is."""
    if value.dtype == bool:
        return value
    found = machine.rounded(value).view(Emulated)
    found.machine = machine
    return found
