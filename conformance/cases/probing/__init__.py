"""Probing cases: built so that a small fault of any one weight, or of any element of a gradient, shows.

In the cases of `drawing` a random weight is often tiny, or meets a unit that is: what it changes is less than what the
other terms of its sum may lose by rounding. Units are dead or saturated, and a gradient's terms cancel. All of that
belongs into a suite, and none of it shows a small fault. So some cases are drawn otherwise:

positive       small and positive throughout, so that no sum cancels and no unit is dead: enough to see 1e-12 in float64
conditioned    of one unit and two steps, by scales that a search found: enough to see 1e-5 in float32, but for a few

Faults of signs, of order and of the far ends are for the other cases.
"""

from __future__ import annotations

import numpy as np

from ...contract import Case
from ..building import Choices, Limits, build
from ..option_space import Combination
from . import conditioned, positive

__all__ = ["build_probing", "is_probing"]


def build_probing(choices: Choices, combination: Combination, limits: Limits | None = None) -> Case:
    """A probing case with exactly these options.

    One like any other in half precision, which shows no small fault, and where gates multiply what nothing holds in
    bounds, since of positive numbers that overflows within a few steps.
    """
    limits = limits or Limits()
    if conditioned.is_for(combination):
        return conditioned.Builder(choices, combination, limits).case()
    if positive.is_for(combination):
        return positive.Builder(choices, combination, limits).case()
    return build(choices, combination, limits)


def is_probing(*seed: int) -> bool:
    """Whether the case of that seed is a probing one, where nothing but the seed decides: one of four is."""
    return bool(np.random.default_rng(seed).integers(4) == 0)
