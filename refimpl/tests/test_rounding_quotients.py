"""Division, roots and powers of numbers with errors: the bound holds at every corner of what they may be."""

from __future__ import annotations

import numpy as np
import pytest

from ..precision import Precision
from ..rounded import Rounded

F32 = Precision.of(np.float32)


def within(value: float, error: float) -> Rounded:
    return Rounded(F32, np.array([value]), np.array([error]), np.array([abs(value) + 2 * error]))


def corners(value: float, error: float) -> list[float]:
    """Exact values, and what another implementation may have for each: both within the error, so up to twice."""
    return [value + k * error for k in (-2, -1, -0.5, 0, 0.5, 1, 2)]


@pytest.mark.parametrize(("a", "e_a", "b", "e_b"), [(3, 0.5, 5, 1), (-3, 0.25, 5, 2), (0, 1, -4, 0.5), (1, 0, 0.1, 0)])
def test_a_quotient_stays_within_its_bound(a: float, e_a: float, b: float, e_b: float) -> None:
    bound = (within(a, e_a) / within(b, e_b)).bound[0]
    for exact_a, exact_b in [(x, y) for x in corners(a, e_a)[1:-1] for y in corners(b, e_b)[1:-1]]:
        assert abs(a / b - exact_a / exact_b) <= bound
        for their_a in (exact_a - e_a, exact_a + e_a):
            for their_b in (exact_b - e_b, exact_b + e_b):
                assert abs(their_a / their_b - exact_a / exact_b) <= bound


def test_of_a_quotient_by_what_may_be_zero_nothing_is_said() -> None:
    with np.errstate(all="ignore"):  # as the analysis does, which reads what comes of it
        assert (within(1, 0) / within(1, 0.5)).bound[0] == np.inf
        assert (1.0 / within(1, 0.6)).bound[0] == np.inf


def test_a_root_plus_a_constant_is_not_below_the_constant() -> None:
    denominator = within(1e-6, 1e-5).sqrt() + 0.5
    bound = (within(1, 0.25) / denominator).bound[0]
    assert denominator.bound[0] > 0.001
    assert abs(1.25 / 0.5 - 1 / (0.5 + 1e-3)) <= bound < 1
    # without knowing that, twice the error would reach below the constant, and here below zero
    wide = within(1e-6, 4.0).sqrt() + 0.5
    assert np.isfinite((within(1, 0.25) / wide).bound[0])
    with np.errstate(all="ignore"):
        assert not np.isfinite((within(1, 0.25) / (within(1e-3, 2.0) + 0.5)).bound[0])


@pytest.mark.parametrize(("a", "e"), [(4, 1), (1e-6, 1e-5), (0, 1e-8), (2, 0)])
def test_a_root_stays_within_its_bound(a: float, e: float) -> None:
    bound = within(a, e).sqrt().bound[0]
    for exact in (max(a - e, 0), a, a + e):
        for theirs in (max(exact - e, 0), exact, exact + e):
            assert abs(np.sqrt(theirs) - np.sqrt(exact)) <= bound
    assert bound <= np.sqrt(e) + 1e-6


@pytest.mark.parametrize("exponent", [1, 2, 7])
def test_a_power_stays_within_its_bound(exponent: int) -> None:
    bound = (within(0.9, 0.01) ** exponent).bound[0]
    for exact in (0.89, 0.9, 0.91):
        for theirs in (exact - 0.01, exact + 0.01):
            assert abs(theirs**exponent - exact**exponent) <= bound
