"""Well-conditioned cases: a change of 1e-5 of any recurrent weight, or its gradient, shows in nearly all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from conformance.cases.building import SizeLimits
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination, space_of
from conformance.cases.parts import named_arrays
from conformance.cases.probing import build_probing, well_conditioned
from conformance.contract import Case
from conformance.judging.arithmetic import models
from conformance.judging.expected import OracleAnswer
from conformance.power.tolerance_study.scale_search import ARITHMETIC
from conformance.power.tolerance_study.sensitivity import WANTED_SENSITIVITY, least_visible_changes

BIASES = ({"use_bias": (True,), "use_recurrent_bias": (True, False)}, {"use_bias": (False,)})
LAYERS = {"layers": (1, 2, 3), "direction": ("forward", "both"), "initial_state": (True, False)}
KINDS = (
    {"kind": "SimpleRNN", "activation": ("tanh",)},
    {"kind": "LSTM", "projection": (True, False)},
    {"kind": "GRU", "reset_after": (True,)},
)
CELLS = tuple(
    {**kind, **LAYERS, **bias, **further}
    for kind in KINDS
    for bias in BIASES
    for further in (
        {"lengths": ("none", "sorted", "unsorted")},
        {"layout": ("unbatched",)},
        {"layers": (2, 3), "between_dropout": (True,)},
    )
)
OTHERS = (
    {"kind": "LSTM", "mask": ("full", "right", "left", "holes", "rows"), "return_sequences": (True, False)},
    {"kind": "GRU", "reset_after": (True, False), "direction": ("backward", "both"), "lengths": ("zero", "sorted")},
    {"kind": "SimpleRNN", "dropout": (True,), "recurrent_dropout": (True,), "layers": (1, 2), "direction": ("both",)},
    {"kind": "LSTM", "dropout": (True, False), "recurrent_dropout": (True,), "dropout_per_gate": (True, False)},
)


@cache
def combinations() -> list[Combination]:
    return list(space_of(CELLS, ("float32",)).valid)


@cache
def built() -> list[Case]:
    """A probing case of each combination, of up to 20 steps."""
    return [build_probing(SeededChooser(7, k), each, SizeLimits(time=20)) for k, each in enumerate(combinations())]


def others() -> Iterator[tuple[Combination, Case]]:
    """Combinations of which no share is promised."""
    for k, each in enumerate(space_of(OTHERS, ("float32",)).valid):
        yield each, build_probing(SeededChooser(8, k), each, SizeLimits(time=20))


def test_it_has_the_options_of_its_combination_and_all_cotangents() -> None:
    for combination, case in [*zip(combinations(), built(), strict=True), *others()]:
        assert combination.items() <= {**case.options, "gradients": case.wants_gradients}.items(), repr(case)
        assert case.d_outputs is not None, repr(case)
        assert case.d_state is not None, repr(case)


def test_steps_rows_and_units_are_few() -> None:
    for combination, case in [*zip(combinations(), built(), strict=True), *others()]:
        batch, time, size = case.x.shape
        whole = combination["mask"] == combination["lengths"] == "none"
        assert (size, case.cell.output_size) in ((1, 1), (1, 2)), repr(case)
        assert (batch, time) == (4, 2 if whole else 3) or (batch == 1 and 2 <= time <= 4), repr(case)


def test_no_two_numbers_of_an_array_are_alike() -> None:
    for case in built():
        for name, array in named_arrays(case):
            if not name.startswith("dropout") and name not in ("mask", "lengths"):
                assert np.unique(np.abs(array)).size == array.size, f"{case!r}: {name}: {array}"


def half() -> list[int]:
    """The places of half of the combinations."""
    places = np.random.default_rng(0).permutation(len(combinations()))
    return sorted(int(place) for place in places[::2])


def test_the_half_that_is_looked_at_has_every_pair_of_option_values() -> None:
    def pairs(chosen: Iterable[Combination]) -> set[tuple[Any, Any]]:
        return {pair for one in chosen for pair in itertools.combinations(sorted(one.items(), key=str), 2)}

    assert pairs(combinations()[place] for place in half()) == pairs(combinations())


@cache
def least() -> dict[tuple[str, bool], list[tuple[float, str]]]:
    """The least change of a random element that PyTorch is seen to make, by target and whether the case has a bias.

    Of half of the cases, by chance: each bound costs many runs of the oracle, and shares are what is asked.
    """
    found: dict[tuple[str, bool], list[tuple[float, str]]] = {}
    for number in half():
        combination, case = combinations()[number], built()[number]
        expected = OracleAnswer(case).expected(models()[ARITHMETIC])
        compared = [name for name in expected.values if not name.startswith("gates")]
        its = least_visible_changes(case, expected, compared, np.random.default_rng(number))
        for target in ("recurrent weight", "gradient"):
            found.setdefault((target, combination["use_bias"]), []).append((its.get(target, np.inf), repr(case)))
    return found


@pytest.mark.parametrize(("biased", "share"), [(True, 0.99), (False, 0.8)])
@pytest.mark.parametrize("target", ["recurrent weight", "gradient"])
def test_a_change_of_1e_5_is_seen_in_float32(target: str, biased: bool, share: float) -> None:
    its = least()[target, biased]
    unseen = [one for one in its if one[0] > WANTED_SENSITIVITY["float32"]]
    assert len(unseen) <= (1 - share) * len(its), f"{len(unseen)} of {len(its)}: {unseen[:5]}"


def test_what_the_scales_are_not_for_is_drawn_otherwise() -> None:
    others = ({"activation": "relu"}, {"peepholes": True}, {"dtype": "float64"}, {"recurrent_activation": "tanh"})
    for changed in others:
        assert not well_conditioned.is_possible({**combinations()[0], **changed})
