"""The least faults that would be seen: how much of itself a number may be off before some bound is exceeded.

A fault is one element of a recurrent kernel, of a kernel or of a bias, or all arguments of one gate (its blocks of all
of them), multiplied by ``1 + ε``; or an element of a gradient. The least ``ε`` that is seen follows from what a small
one does: to first order the greatest ``|difference| / bound`` is proportional to it. Whether a fault of a given size is
seen is asked of the implementation itself, its own rounding included, and of the suite's own verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from ...common.descriptions import first_cell
from ...contract import Array, Case, Observed, Quantities
from ...judging.expected import Expected, OracleAnswer
from ...judging.verdict import judge

TARGETS = ("recurrent weight", "weight", "bias", "gate", "gradient")
WANTED_SENSITIVITY = {
    "float64": 1e-12,
    "float32": 1e-5,
}  # what the project wants to see of a recurrent weight and of a gradient
_SMALL = 2.0**-20
PARAMETERS = {"recurrent weight": ("recurrent_kernel",), "weight": ("kernel",), "bias": ("bias", "recurrent_bias")}
PARAMETERS["gate"] = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")


def least_visible_changes(
    case: Case, expected: Expected, compared: Collection[str], rng: np.random.Generator
) -> Mapping[str, float]:
    """For each target, the least relative change of a random one that moves some number out of its bound.

    compared   the quantities that the implementation returns
    rng        chooses the element

    Infinite where it moves nothing: the weight meets zeros, or what it moves is masked, dropped or flat.
    """
    wide, found = case.in_dtype(np.float64), {}
    sound = OracleAnswer(wide).values  # not what is expected, which a known divergence may change
    for target in PARAMETERS:
        faulty = with_random_fault(wide, target, rng)
        if faulty is not None:
            found[target] = least_visible_change(OracleAnswer(faulty).values, sound, expected, compared)
    if (element := _of_a_gradient(expected, compared, rng)) is not None:
        name, at = element
        found["gradient"] = float(expected.limits[name].flat[at] / np.abs(expected.values[name].flat[at]))
    return found


def visible_faults(
    case: Case,
    expected: Expected,
    compared: Collection[str],
    rng: np.random.Generator,
    by: float,
    observe: Callable[[Case], Observed],
) -> Mapping[str, bool]:
    """For each target, whether the verdict on the implementation with such a fault, of that size, is no.

    rng        in the state in which `least_visible_changes` was given it, so that it chooses the same element
    observe    the implementation, which has the fault where its parameters have it
    """
    found = {}
    for target in PARAMETERS:
        faulty = with_random_fault(case, target, rng, by)
        if faulty is not None:
            found[target] = bool(judge(expected, observe(faulty)).disagreements)
    if (element := _of_a_gradient(expected, compared, rng)) is not None:
        name, at = element
        sound = observe(case)
        value = np.array(sound.values[name])
        value.flat[at] *= 1 + by
        found["gradient"] = bool(judge(expected, replace(sound, values={**sound.values, name: value})).disagreements)
    return found


def _of_a_gradient(expected: Expected, compared: Collection[str], rng: np.random.Generator) -> tuple[str, int] | None:
    """A random element, not zero, of a random recurrent kernel's gradient; None where there is none."""
    gradients = [name for name in compared if name.endswith("recurrent_kernel") and name.startswith("d_")]
    if not gradients:
        return None
    name = gradients[int(rng.integers(len(gradients)))]
    there = np.flatnonzero(expected.values[name])
    return (name, int(there[int(rng.integers(len(there)))])) if len(there) else None


def with_random_fault(case: Case, target: str, rng: np.random.Generator, by: float = _SMALL) -> Case | None:
    """The case with a random element, or gate, larger by so much of itself; None where it has none."""
    among = [name for name in case.params if name.rpartition(".")[2] in PARAMETERS[target]]
    if not among:
        return None
    name = among[int(rng.integers(len(among)))]
    if target != "gate":
        return with_changed_element(case, name, int(rng.integers(case.params[name].size)), by)
    prefix, hidden = name.rpartition(".")[0], first_cell(case.cell).hidden_size
    gate = int(rng.integers(len(first_cell(case.cell).gate_order)))
    larger = {}
    for each in among:
        if each.rpartition(".")[0] == prefix:
            value = case.params[each].copy()
            value[..., gate * hidden : (gate + 1) * hidden] *= 1 + by
            larger[each] = value
    return case.replace(params={**case.params, **larger})


def with_changed_element(case: Case, name: str, at: int, by: float = _SMALL) -> Case:
    """The case with one number of a parameter larger by so much of itself."""
    value = case.params[name].copy()
    value.flat[at] *= 1 + by
    return case.replace(params={**case.params, name: value})


def least_visible_change(values: Quantities, sound: Quantities, expected: Expected, compared: Collection[str]) -> float:
    """The least change that moves some number out of its bound, where a small one gives ``values`` for ``sound``."""
    shift = max((_most(values[q] - sound[q], expected.limits[q]) for q in compared), default=0.0)
    return _SMALL / shift if shift > 0 else np.inf


def _most(difference: Array, bound: Array) -> float:
    """The greatest difference in units of its bound, where there is one."""
    with np.errstate(all="ignore"):
        ratio = np.where((difference != 0) & np.isfinite(bound), np.abs(difference) / bound, 0.0)
    return float(np.nan_to_num(ratio, nan=0.0).max(initial=0.0))
