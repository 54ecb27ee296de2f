"""What a framework draws for its dropout is read off and tested; the mutants show each fault."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conformance.suite.drawn_dropout import ALARM, RATE, improbable, two_sided_binomial

AXES = ("calls", "rows", "units")


def test_the_tails_of_a_binomial_distribution_are_exact() -> None:
    for trials, probability in ((1, 0.25), (7, 0.25), (40, 0.625)):
        chances = [math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(trials + 1)]
        for k in range(trials + 1):
            exact = min(1.0, 2 * min(sum(chances[: k + 1]), sum(chances[k:])))
            assert abs(two_sided_binomial(k, trials, probability) / exact - 1) < 1e-9
    assert two_sided_binomial(2048, 2048, 0.25) < 1e-300


def drawn(seed: int, rate: float = RATE) -> np.ndarray:
    return (np.random.default_rng(seed).random((4, 8, 16)) < rate).astype(int)


def test_what_is_drawn_well_is_not_improbable() -> None:
    assert not [found for seed in range(1000) if (found := improbable(drawn(seed), AXES))]


@pytest.mark.parametrize("axis", range(3))
def test_what_is_the_same_along_an_axis_is_improbable(axis: int) -> None:
    once = drawn(0).take([0], axis)
    assert any(AXES[axis] in each for each in improbable(np.broadcast_to(once, (4, 8, 16)), AXES))


def test_another_rate_is_improbable_and_told_with_its_probability() -> None:
    (found, *_) = improbable(drawn(0, 0.5), AXES)
    assert found.startswith("the rate is not 0.25: ")
    assert float(found.rpartition(" ")[2]) < ALARM
