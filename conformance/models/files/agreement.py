"""Whether what a framework computed agrees with the oracle: element by element, against what rounding may do.

A recurrent layer is judged by `refimpl.compare`: by how many deviations of a faithful implementation its worst number
is off, and, where that is suspicious, by its proven bound. A part that computes is judged by its proven bound
(`refimpl.rounded`), and one that only moves numbers must return the same. Where nothing can be said, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import refimpl as ri
from refimpl.precision import Precision

from ...contract import Array

OF_OURS = 4 * 2.0**-53
"""The oracle's own rounding, in float64, as a share of a value: next to nothing beside another precision's bound."""


@dataclass(frozen=True)
class Quantity:
    """One array beside the oracle's.

    name       "outputs", "state.h", …
    verdict    "agrees", "differs" or "undecided", where nothing can be said of any number
    numbers    how many were compared
    index      of the worst number
    allowed    what it may be off: its proven bound, or the deviation of a faithful implementation
    ratio      its error over that
    unit       what `allowed` is: "bound" or "deviation"
    proven     whether it lies beyond its proven bound, rather than being improbable
    """

    name: str
    verdict: str
    numbers: int
    index: tuple[int, ...] = ()
    expected: float = 0.0
    got: float = 0.0
    allowed: float = 0.0
    ratio: float = 0.0
    unit: str = "bound"
    proven: bool = True

    @property
    def error(self) -> float:
        """How far the worst number is off."""
        return abs(self.got - self.expected)

    def __str__(self) -> str:
        where = f"{self.name}{list(self.index)}"
        what = "times what rounding may do" if self.unit == "bound" else "deviations of a faithful implementation"
        doubt = "" if self.proven else "; within its proven bound, but less likely than one in a million"
        return (
            f"{where}: expected {self.expected!r}, got {self.got!r}: off by {self.error:.3g}, "
            f"{self.ratio:.3g} {what} ({self.allowed:.3g}){doubt}"
        )


def of_run(run: Any, outputs: Array | None, state: Sequence[Array | None] | None, dtype: Any) -> list[Quantity]:
    """A recurrent layer's outputs and state, in the oracle's axes, beside a run on the same values."""
    shapes = [("outputs", run.outputs, outputs)]
    shapes += [
        (f"state.{n}", ours, got) for n, ours, got in zip(run.cell.state_names, run.state, state or (), strict=False)
    ]
    for name, ours, got in shapes:
        if got is not None and got.shape != ours.shape:
            what = f"{name} of shape {got.shape}, expected {ours.shape},"
            return [Quantity(what, "differs", got.size, ratio=np.inf)]
    if all(got is None or not got.size for _, _, got in shapes):
        return []
    found = ri.compare(run, outputs=outputs, state=None if state is None else tuple(state), dtype=dtype)
    return [_quantity(each) for each in found.comparisons]


def absolute(arithmetic: str) -> Precision:
    """The arithmetic whose activations are accurate to so much of 1, and not of themselves.

    Parts between recurrent layers are judged in it, for ONNX Runtime's functions are no better
    (onnxruntime-small-values-are-lost in ``implementations/onnx/divergences.toml``).
    """
    in_float32 = arithmetic in ("float32", "float16")
    return Precision.of(f"{arithmetic}, absolute in float32" if in_float32 else f"{arithmetic}, absolute")


def _quantity(found: ri.Comparison) -> Quantity:
    if not found.numbers:
        return Quantity(found.quantity, "undecided" if found.chaotic else "agrees", 0)
    return Quantity(
        found.quantity,
        "agrees" if found.agrees else "differs",
        found.numbers,
        found.index,
        found.expected,
        found.got,
        found.deviation,
        found.deviations,
        "deviation",
        found.verdict != "improbable",
    )


def compared(name: str, expected: Array, got: Array, allowed: Array | float) -> Quantity:
    """One quantity; ``allowed`` is what each number may be off, infinite where nothing can be said."""
    expected, got = np.asarray(expected, np.float64), np.asarray(got).astype(np.float64)
    if expected.shape != got.shape:
        return Quantity(f"{name} of shape {got.shape}, expected {expected.shape},", "differs", got.size, ratio=np.inf)
    allowed = np.broadcast_to(np.asarray(allowed, np.float64) + OF_OURS * np.abs(expected), expected.shape)
    decided = np.isfinite(allowed)
    if not expected.size or not decided.any():
        return Quantity(name, "undecided" if expected.size else "agrees", 0)
    with np.errstate(all="ignore"):
        error = np.where(got == expected, 0.0, np.abs(got - expected))
        ratio = np.where(error == 0, 0.0, error / allowed)
    ratio = np.where(decided, np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), -1.0)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return Quantity(
        name,
        "agrees" if ratio[worst] <= 1 else "differs",
        int(decided.sum()),
        tuple(int(k) for k in worst),
        float(expected[worst]),
        float(got[worst]),
        float(allowed[worst]),
        float(ratio[worst]),
    )


def spread_of(got: Array | None, expected: Array) -> str:
    """How far the numbers of what computes in 8 bits are off: no bound is known that it should keep."""
    if got is None or got.shape != expected.shape or not got.size:
        return "in 8 bits"
    off = np.abs(np.asarray(got, np.float64) - expected)
    half, most = np.quantile(off, [0.5, 0.99])
    size = float(np.sqrt(np.mean(expected**2)))
    return (
        f"in 8 bits: of {off.size:,} numbers, {size:.2g} in the root mean square, half are off by at most {half:.2g}, "
        f"99 of 100 by {most:.2g}, the worst by {off.max():.2g}"
    )


def verdict_of(quantities: Sequence[Quantity]) -> str:
    """One word for several: "differs" where one does, "undecided" where nothing was compared."""
    if any(each.verdict == "differs" for each in quantities):
        return "differs"
    return "agrees" if any(each.numbers for each in quantities) else "undecided"
