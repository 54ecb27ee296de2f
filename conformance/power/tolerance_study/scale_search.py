"""Searches the scales of well-conditioned cases.

``python -m conformance.power.tolerance_study.scale_search LSTM --no-bias --trials 2000``

Starts from those that stand in `probing.well_conditioned`, changes some at random, and keeps what shows more: for every
weight of some cases, drawn anew from time to time, the least relative change that moves a number out of its bound in
float32, in units of the size that the project wants to see. Prints the best scales, and the shares of recurrent weights
and of elements of their gradients that would be seen in a case of each combination of options.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ...cases.building import SizeLimits
from ...cases.choosers import SeededChooser
from ...cases.option_space import Combination, space_of
from ...cases.probing import well_conditioned
from ...cases.probing.well_conditioned import SCALES, Scales
from ...common.arguments import count
from ...contract import Case, family_of
from ...judging.arithmetic import models
from ...judging.expected import OracleAnswer
from .sensitivity import WANTED_SENSITIVITY, least_visible_change, with_changed_element

ARITHMETIC = "float32, SLEEF or oneDNN"
AIM = 0.65  # of the size that is to be seen: the factors of a case differ
OTHERS_AIM = 15.0  # of kernels and biases, which are to be seen in float64
KINDS: Mapping[str, Mapping[str, Any]] = {
    "SimpleRNN": {"kind": "SimpleRNN", "activation": ("tanh",)},
    "LSTM": {"kind": "LSTM"},
    "LSTM, projected": {"kind": "LSTM", "projection": (True,)},
    "GRU": {"kind": "GRU", "reset_after": (True,)},
}
_LAYERS = {"layers": (1, 2, 3), "direction": ("forward", "both"), "initial_state": (False, True)}
_FURTHER = (
    {"lengths": ("none", "sorted", "unsorted")},
    {"layout": ("unbatched",)},
    {"layers": (2, 3), "between_dropout": (True,)},
)
_AT_ONCE, _TRIALS = 12, 40  # cases, and how many changes are tried on them
_WORST = 1e5  # nothing counts as worse


def combinations(kind: str, biased: bool) -> list[Combination]:
    """Those that the scales of that kind are for."""
    biases: Mapping[str, Sequence[bool]] = {"use_bias": (biased,), "use_recurrent_bias": (biased,)}
    entries = [{**KINDS[kind], **_LAYERS, **biases, **further} for further in _FURTHER]
    return list(space_of(entries, ("float32",)).valid)


def well_conditioned_case(combination: Combination, *seed: int) -> Case:
    """A well-conditioned case with these options, by the scales that stand in `SCALES`."""
    return well_conditioned.WellConditionedCaseBuilder(SeededChooser(*seed), combination, SizeLimits()).case()


def least_changes(case: Case) -> dict[str, list[float]]:
    """Of each number the least change that is seen, in units of what is to be; by parameter, and of "gradients"."""
    expected, wide = OracleAnswer(case).expected(models()[ARITHMETIC]), case.in_dtype(np.float64)
    bare = wide.replace(d_outputs=None, d_state=None)
    compared = [name for name in expected.values if family_of(name) in ("outputs", "state")]
    found: dict[str, list[float]] = {"gradients": []}
    for name, value in case.params.items():
        what = name.rpartition(".")[2]
        its = [
            least_visible_change(
                OracleAnswer(with_changed_element(bare, name, at)).values, expected.values, expected, compared
            )
            / WANTED_SENSITIVITY["float32"]
            for at in range(value.size)
        ]
        found[what] = found.get(what, []) + its
        if what == "recurrent_kernel":
            values, bounds = (of[f"d_params.{name}"].ravel() for of in (expected.values, expected.limits))
            with np.errstate(all="ignore"):
                found["gradients"] += list(
                    np.nan_to_num(bounds / np.abs(values) / WANTED_SENSITIVITY["float32"], nan=np.inf)
                )
    return found


def excess_over_aim(cases: Sequence[Case]) -> float:
    """How much larger than aimed at the least changes are: the mean logarithm."""
    found = 0.0
    for case in cases:
        for what, least in least_changes(case).items():
            asked = what in ("recurrent_kernel", "gradients")
            ratios = np.minimum(least, _WORST) / (AIM if asked else OTHERS_AIM)
            found += (1.0 if asked else 0.25) * float(np.maximum(np.log(ratios), 0).mean())
    return found / len(cases)


def varied_scales(scales: Scales, rng: np.random.Generator) -> Scales:
    """Some of the numbers larger or smaller, a few with the other sign."""
    names = rng.choice([field.name for field in fields(scales)], size=rng.integers(1, 4), replace=False)
    return replace(scales, **{name: _varied(getattr(scales, name), rng) for name in names})


def _varied(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, Mapping):
        return {key: _varied(number, rng) for key, number in value.items()}
    if isinstance(value, tuple):
        return tuple(_varied(number, rng) for number in value)
    if rng.random() < 1 / 2:
        return value
    return float(f"{value * np.exp(rng.normal() / 2) * (-1 if rng.random() < 0.05 else 1):.2g}")


def search_scales(kind: str, biased: bool, trials: int, seed: int) -> Scales:
    """The best scales that so many trials find; they stand in `SCALES` from then on.

    What is best on some cases must hold its own on the next ones against what was best before.
    """
    rng, among = np.random.default_rng(seed), combinations(kind, biased)
    best = proven = SCALES[kind, biased]

    def on(cases: Sequence[tuple[int, int]], scales: Scales) -> float:
        SCALES[kind, biased] = scales
        return excess_over_aim([well_conditioned_case(among[k], seed, turn, k) for k, turn in cases])

    for trial in range(trials):
        if trial % _TRIALS == 0:
            cases = [(int(k), trial) for k in rng.permutation(len(among))[:_AT_ONCE]]
            least, best = min(((on(cases, each), each) for each in (proven, best)), key=lambda pair: pair[0])
            proven = best
        tried = varied_scales(best, rng)
        if (found := on(cases, tried)) < least:
            least, best = found, tried
    SCALES[kind, biased] = best
    return best


def main(arguments: Sequence[str]) -> int:
    """Searches, and prints what it found."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance.power.tolerance_study.scale_search", description=__doc__
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--no-bias", action="store_true", help="the scales of cells without any bias")
    parser.add_argument("--trials", type=count, default=200, help="how many changes are tried (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parsed = parser.parse_args(arguments)
    biased = not parsed.no_bias
    print(search_scales(parsed.kind, biased, parsed.trials, parsed.seed))
    changes = [
        least_changes(well_conditioned_case(each, parsed.seed, k))
        for k, each in enumerate(combinations(parsed.kind, biased))
    ]
    for what in ("recurrent_kernel", "gradients"):
        least = np.concatenate([each[what] for each in changes])
        seen, at = np.mean(least <= 1), WANTED_SENSITIVITY["float32"] * np.quantile(least, 0.99)
        print(f"{what}: {seen:.1%} of {least.size} are seen at {WANTED_SENSITIVITY['float32']}, 99 % at {at:.2g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
