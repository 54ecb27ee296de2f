"""Probing cases: a small fault of any weight, or of any element of a gradient, shows in nearly all of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from conformance.cases.building import SizeLimits, build_case
from conformance.cases.choosers import SeededChooser
from conformance.cases.option_space import Combination, space_of
from conformance.cases.parts import named_arrays, unmasked_steps_of
from conformance.cases.probing import build_probing, is_probing
from conformance.contract import Case
from conformance.implementations.oracle.layers import Oracle
from conformance.judging.divergences import expected_with
from conformance.judging.expected import Expected
from conformance.power.tolerance_study.sensitivity import WANTED_SENSITIVITY, least_visible_changes

PLAIN = ("tanh", "sigmoid", "relu", "linear", "softplus", "exponential", "hard_tanh", "silu")
CELLS = (
    {"kind": "SimpleRNN", "activation": PLAIN, "use_bias": (True, False), "layers": (1, 2), "clip": (False,)},
    {"kind": "LSTM", "direction": ("forward", "both"), "layers": (1, 2), "mask": ("none", "right", "holes")},
    {"kind": "LSTM", "projection": (True, False), "peepholes": (True, False), "clip": (True, False)},
    {"kind": "LSTM", "dropout": (True,), "recurrent_dropout": (True, False)},
    {"kind": "GRU", "reset_after": (True, False), "layers": (1, 2), "lengths": ("none", "sorted", "unsorted", "zero")},
    {"kind": "GRU", "recurrent_dropout": (True,), "direction": ("forward", "backward")},
)


@cache
def combinations(*dtypes: str) -> list[Combination]:
    return list(space_of(CELLS, dtypes or ("float64",)).valid)


@cache
def built() -> list[Case]:
    """A probing case of each combination, of up to 20 steps."""
    return [build_probing(SeededChooser(7, k), each, SizeLimits(time=20)) for k, each in enumerate(combinations())]


def test_a_probing_case_has_the_options_of_its_combination() -> None:
    for combination, case in zip(combinations(), built(), strict=True):
        assert combination.items() <= {**case.options, "gradients": case.wants_gradients}.items(), repr(case)
        assert case.wants_gradients, repr(case)


def test_no_number_is_less_than_half_of_the_greatest_of_its_step_and_none_is_alike() -> None:
    for case in built():
        for name, array in numbers(case):
            assert (array > 0).all(), f"{case!r}: {name}"
            assert np.unique(array).size == array.size, f"{case!r}: {name} has numbers twice"
            of_steps = array.reshape(-1, array.shape[-1]) if name in ("x", "d_outputs") else array.reshape(1, -1)
            assert (2 * of_steps.min(axis=1) >= of_steps.max(axis=1)).all(), f"{case!r}: {name}: {array!r}"


def numbers(case: Case) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in named_arrays(case):
        if not name.startswith("dropout") and name not in ("mask", "lengths"):
            yield name, array[unmasked_steps_of(case)] if name == "x" else array


def test_dropout_leaves_every_unit_to_some_row() -> None:
    dropped = [(case, factors) for case in built() for factors in (case.dropout or {}).values()]
    assert dropped
    for case, factors in dropped:
        assert factors.shape[-2] == 1 or (factors > 0).any(axis=-2).all(), f"{case!r}: {factors}"
        assert (factors == 0).any() or factors.size == 1, f"{case!r}: nothing is dropped"


def test_some_row_has_all_its_steps() -> None:
    lengths = [(case, case.lengths) for case in built() if case.lengths is not None]
    assert lengths
    for case, its in lengths:
        assert its.max() == case.x.shape[1], f"{case!r}: {its}"


@cache
def least() -> dict[str, list[tuple[float, Case]]]:
    """For each target the least change of a random element that is seen, and in which case."""
    found: dict[str, list[tuple[float, Case]]] = {"recurrent weight": [], "gradient": []}
    for number, case in enumerate(built()):
        expected: Expected = expected_with(Oracle(), case, ())
        compared = [name for name in expected.values if not name.startswith("gates")]
        its = least_visible_changes(case, expected, compared, np.random.default_rng(number))
        for target in found:
            found[target].append((its.get(target, np.inf), case))
    return found


@pytest.mark.parametrize("target", ["recurrent weight", "gradient"])
def test_a_change_of_1e_12_is_seen_in_float64_in_99_of_100(target: str) -> None:
    unseen = [(at, repr(case)) for at, case in least()[target] if at > WANTED_SENSITIVITY["float64"]]
    assert len(unseen) <= 0.01 * len(built()), f"{len(unseen)} of {len(built())}: {unseen[:5]}"


def test_half_precision_is_drawn_as_elsewhere() -> None:
    for k, combination in enumerate(combinations("float16", "bfloat16")[::10]):
        one, other = (named_arrays(build(SeededChooser(1, k), combination)) for build in (build_probing, build_case))
        assert all(np.array_equal(array, same) for (_, array), (_, same) in zip(one, other, strict=True))


def test_one_of_four_seeds_probes() -> None:
    assert 0.2 < np.mean([is_probing(0, place) for place in range(1000)]) < 0.3
