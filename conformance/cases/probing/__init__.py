"""Probing cases: built so that a small fault of any one weight, or of any element of a gradient, shows.

In an ordinary case (`building`) a random weight is often tiny, or meets a unit that is. A fault in it changes less than
the other terms of its sum may lose by rounding. Units are dead or saturated, and a gradient's terms cancel. A suite
needs such cases, but they do not show a small fault. So some cases are built in another way:

positive           small and positive throughout, so that no sum cancels and no unit is dead: a relative fault of 1e-12
                   shows in float64
well_conditioned   one unit and two steps, with scales that a search found: a relative fault of 1e-5 shows in float32,
                   but for a few weights

Faults of signs and of order, and those of tiny or saturating numbers, are for the ordinary cases.
"""

from __future__ import annotations

import numpy as np

from ...contract import Case
from ..building import SizeLimits, build_case
from ..choosers import Chooser
from ..option_space import Combination
from . import positive, well_conditioned

__all__ = ["build_probing", "is_probing"]


def build_probing(choices: Chooser, combination: Combination, limits: SizeLimits | None = None) -> Case:
    """A probing case with exactly these options, or an ordinary one where none is possible.

    None is possible in half precision, which shows no small fault; and where gates multiply what no activation keeps in
    bounds, since products of positive numbers overflow within a few steps.
    """
    limits = limits or SizeLimits()
    if well_conditioned.is_possible(combination):
        return well_conditioned.WellConditionedCaseBuilder(choices, combination, limits).case()
    if positive.is_possible(combination):
        return positive.PositiveCaseBuilder(choices, combination, limits).case()
    return build_case(choices, combination, limits)


def is_probing(*seed: int) -> bool:
    """Whether the case of that seed is a probing one, where the seed alone decides: one of four is."""
    return bool(np.random.default_rng(seed).integers(4) == 0)
