"""How far a faithful implementation in float32 may be off, in the measures that the forms have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import refimpl as ri
from refimpl.looks import CLOSEST
from refimpl.sampling import moments

from ...cases.oracle_run import quantities, run_oracle
from ...contract import Array, Quantities
from ...judging.expected import farthest
from .float32_vectors import NotExpressible, Vector

UNIT_ROUNDOFF = 2.0**-24


@dataclass(frozen=True)
class Limits:
    """How far each number may lie from the float32 nearest to the exact value, by quantity.

    proven    no faithful implementation is farther off
    sampled   a faithful implementation is farther off in one run in a million: `judging.expected.farthest` deviations;
              never more than the proven bound
    """

    proven: Quantities
    sampled: Quantities


def limits(vector: Vector) -> Limits:
    """Both limits of a vector's outputs and states. `NotExpressible` where none can be derived.

    The expected number is itself rounded to float32: half a unit of its last place is added.
    """
    run, names = run_oracle(vector.case), vector.case.state_names
    bounds = quantities(ri.rounding.bound(run, "float32"), None, names)
    spread = moments(run, "float32", gradients=False, samples=CLOSEST)
    if any(not np.isfinite(bounds[name]).all() or spread[name].chaotic.any() for name in vector.expected):
        raise NotExpressible("chaotic in float32: no tolerance can be derived")
    smooth = ri.rounding.is_smooth(vector.case.cell, gradients=False)
    proven, sampled = {}, {}
    for name, value in vector.expected.items():
        rounding = np.abs(value - vector.in_float32(name))
        most = farthest() * spread[name].deviation
        nearer = np.where(most > 0, np.minimum(bounds[name], most), bounds[name])
        proven[name] = bounds[name] + rounding
        sampled[name] = (nearer if smooth else bounds[name]) + rounding
    return Limits(proven, sampled)


def in_ulps(vector: Vector, limit: Quantities) -> int:
    """The least tolerance in web-platform-tests' ULP that accepts every number within its limit.

    That measure is the difference of two numbers' places among all float32; of a number near zero it is large.
    """
    worst = 0
    for name, room in limit.items():
        value, expected = vector.in_float32(name).astype(np.float64), _place(vector.in_float32(name))
        for end in (value - room, value + room):
            worst = max(worst, int(np.abs(_place(end) - expected).max(initial=0)))
    return worst


def absolute(limit: Quantities) -> float:
    """The greatest of all."""
    return max((float(each.max(initial=0.0)) for each in limit.values()), default=0.0)


def relative_and_absolute(vector: Vector, limit: Quantities) -> tuple[float, float]:
    """``rtol`` and ``atol`` such that every limit is within ``atol + rtol |expected|``, which NumPy's assertions allow.

    One of infinitely many pairs: ``atol`` is ``rtol`` times the root mean square of all expected numbers, so that the
    numbers near zero do not decide for all. Rounded up by a millionth.
    """
    scale = _root_mean_square(vector.in_float32(name) for name in limit)
    sizes = {name: np.abs(vector.in_float32(name).astype(np.float64)) for name in limit}
    shares = [room / (scale + sizes[name]) for name, room in limit.items()]
    rtol = (1 + 1e-6) * max((float(share.max(initial=0.0)) for share in shares), default=0.0)
    return rtol, rtol * scale


def _root_mean_square(arrays: Iterable[Array]) -> float:
    together = np.concatenate([array.astype(np.float64).ravel() for array in arrays])
    return float(np.sqrt(np.mean(together**2))) if together.size else 0.0


def _place(values: Array) -> Array:
    """The place of each number among all float32, zero at 0."""
    in_float32 = np.asarray(values).astype(np.float32)
    bits = np.abs(in_float32).view(np.int32).astype(np.int64)
    return np.where(in_float32 < 0, -bits, bits)
