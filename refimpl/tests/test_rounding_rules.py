"""The rules of the rounding analysis one by one, each against arithmetic that does its worst."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ..activations import NAMES, named
from ..precision import Precision
from ..rounded import Rounded

F32 = Precision.of(np.float32)
F64 = Precision.of(np.float64)
U = 2.0**-24  # float32's unit roundoff


def given(*numbers: float) -> Rounded:
    """Numbers as an array of the working precision float32."""
    return Rounded.given(F32, np.array(numbers))


def error(computed: Any, exact: Fraction) -> float:
    return float(abs(Fraction(float(computed)) - exact))


def test_the_precisions_are_those_of_the_dtypes() -> None:
    assert (F32.unit_roundoff, F32.smallest_normal) == (2.0**-24, 2.0**-126)
    assert (F64.unit_roundoff, F64.smallest_normal) == (2.0**-53, 2.0**-1022)


def test_gamma_is_highams() -> None:
    assert F32.gamma(8) == 8 * U / (1 - 8 * U)


def test_what_is_given_and_fits_has_no_error() -> None:
    assert (given(0.0, -1.5, 2.0**-126, 3e38 // 1e38).bound == 0).all()


def test_what_is_given_and_does_not_fit_is_off_by_what_storing_it_loses() -> None:
    stored = float(np.float32(0.1))
    assert given(0.1).bound[0] == abs(stored - 0.1)


def test_one_addition_attains_its_bound() -> None:
    computed = np.float32(1) + np.float32(U)  # a tie, rounded to even: as wrong as an addition can be
    off = error(computed, Fraction(1) + Fraction(U))
    bound = (given(1.0) + given(U)).bound[0]
    assert off == U
    assert U <= bound < U * (1 + 4 * U)


def test_one_product_attains_its_bound_but_for_rounding_up() -> None:
    a = 1 + 2.0**-12
    off = error(np.float32(a) * np.float32(a), Fraction(a) ** 2)  # 1 + 2**-11 + 2**-24: a tie
    bound = (given(a) * given(a)).bound[0]
    assert off == U
    assert U <= bound < U * (1 + 2.0**-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cancelling", [False, True])
def test_a_sum_holds_its_bound_in_any_order(seed: int, cancelling: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-1, 1, (2, 200)).astype(np.float32)
    if cancelling:
        a, b = np.concatenate([a, a]), np.concatenate([b, -b * np.float32(1 + 2.0**-20)])
    exact = sum((Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a, b, strict=True)), Fraction(0))
    bound = (Rounded.given(F32, a[None]) @ Rounded.given(F32, b[:, None])).bound[0, 0]
    products = a * b
    orders = [np.argsort(products), np.argsort(-np.abs(products)), *(rng.permutation(len(a)) for _ in range(5))]
    for order in orders:
        total = np.float32(0)
        for product in products[order]:
            total = total + product
        assert error(total, exact) <= bound, f"off by {error(total, exact)}, bound {bound}"


def test_terms_of_both_signs_add_up_to_no_more_than_those_of_one() -> None:
    """Ones, then their negatives: the partial sums are as large as they can be, half of all absolute values."""
    count = 32
    signs = np.repeat([1.0, -1.0], count)
    sum_of = {name: Rounded.given(F32, a[None]) for name, a in (("both", signs), ("one", np.abs(signs)))}
    both, one = (a.sum(axis=1).bound[0] for a in sum_of.values())
    assert both < (0.5 + 2.0**-10) * one
    assert both >= U * np.abs(np.cumsum(signs)).sum(), "each addition may round what it gives"


def test_errors_go_through_a_product() -> None:
    for x, y in [(3.0, 5.0), (-3.0, 5.0), (0.0, 5.0), (1e-3, 1e3)]:
        a, b = given(x) + given(2.0**20), given(y) + given(1.0)  # a is off by up to 2**-4
        off = (abs(x + 2.0**20) + a.bound[0]) * (abs(y + 1) + b.bound[0]) - abs((x + 2.0**20) * (y + 1))
        assert (a * b).bound[0] >= off


def test_a_product_that_underflows_may_vanish() -> None:
    tiny = 2.0**-70
    bound = (given(tiny) * given(tiny)).bound[0]
    assert tiny * tiny <= bound <= 2 * F32.smallest_normal


def test_of_a_sum_that_may_overflow_nothing_is_said() -> None:
    large = 2.0**127
    assert (given(large) + given(large)).bound[0] == np.inf
    assert (given(2.0**70) * given(2.0**70)).bound[0] == np.inf
    assert (given(large) + given(-1.0)).bound[0] < np.inf


@pytest.mark.parametrize("name", NAMES)
def test_an_activation_spreads_an_error_as_far_as_it_is_steep(name: str) -> None:
    f, wide = named(name), 2.0**22  # two terms that cancel leave an error of about 1
    for x in np.linspace(-6, 6, 41):
        inner = given(wide) + given(-wide) + given(x)
        x, e = inner.value[0], inner.bound[0]
        assert 0.5 < e < 2
        y, bound = f(inner.value)[0], inner.activated(f).bound[0]
        reached = max(abs(f(np.array([at]))[0] - y) for at in np.linspace(x - e, x + e, 21))
        own_rounding = 4 * np.spacing(abs(x) + e)  # of these lines
        assert reached <= bound + own_rounding, f"{name} at {x} ± {e}: reaches {reached}, bound {bound}"


@pytest.mark.parametrize("name", ["relu", "hard_sigmoid", "hard_sigmoid_keras2"])
def test_a_flat_activation_forgets_any_error(name: str) -> None:
    inner = given(2.0**22) + given(-(2.0**22)) + given(-6.0)
    assert inner.bound[0] > 0.5
    assert inner.activated(named(name)).bound[0] < 8 * U


@pytest.mark.parametrize(
    ("name", "kink", "steep"),
    [("relu", 0.0, 1.0), ("hard_sigmoid", 3.0, 1 / 6), ("hard_sigmoid_keras2", -2.5, 1 / 5)],
)
def test_within_reach_of_a_kink_either_slope_is_right(name: str, kink: float, steep: float) -> None:
    f = named(name)
    for side in (-1, 1):
        for distance, reached in [(2.0**-8, True), (1.0, False)]:
            inner = given(2.0**16) + given(-(2.0**16)) + given(kink + side * distance)
            assert (distance < inner.bound[0]) == reached
            found = f.derivative(inner.activated(f), inner).bound[0]
            assert (found >= steep) == reached, f"{name} at {kink} {side * distance:+}: bound {found}"
            assert found <= steep * (1 + 2.0**-10) if reached else found < 8 * U
