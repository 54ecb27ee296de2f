"""Balls refuse to guess, and round once."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import refimpl as ri
from conformance.contract import Case

pytest.importorskip("flint", reason="python-flint is not installed: pip install python-flint")

import flint

from conformance.truth.balls import AtKink, Ball, Undecided, balls, nearest_float, precision, series
from conformance.truth.certificates import certify, enclosures_of, refuse_python_numbers

SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308
TIES = {
    "between two normal numbers, the lower even": (Fraction(1) + Fraction(1, 2**53), 1.0),
    "between two normal numbers, the upper even": (Fraction(1) + Fraction(3, 2**53), 1 + 2**-51),
    "half of the smallest subnormal": (Fraction(1, 2**1075), 0.0),
    "three halves of the smallest subnormal": (Fraction(3, 2**1075), 2 * SMALLEST),
    "below the smallest normal number": (Fraction(2**53 - 1, 2**1075), 2.0**-1022),
    "half a step past the largest number": (Fraction(2**1024 - 2**970), math.inf),
}


def exactly(value: Fraction) -> Any:
    """The ball of radius zero at a dyadic fraction."""
    assert value.denominator.bit_count() == 1
    with precision(4096):
        return flint.arb(value.numerator) / flint.arb(value.denominator)


@pytest.mark.parametrize("what", TIES)
def test_an_exact_tie_goes_to_the_even_neighbour(what: str) -> None:
    value, expected = TIES[what]
    assert nearest_float(exactly(value)) == expected
    assert nearest_float(exactly(-value)) == -expected


@pytest.mark.parametrize("what", TIES)
def test_a_ball_around_a_tie_decides_nothing(what: str) -> None:
    value, _ = TIES[what]
    radius = exactly(value * Fraction(1, 2**3000))
    assert nearest_float(flint.arb(exactly(value), radius)) is None


@pytest.mark.parametrize("what", TIES)
def test_a_hair_beside_a_tie_the_nearer_neighbour_is_taken_and_nothing_is_rounded_twice(what: str) -> None:
    value, _ = TIES[what]
    hair = value * Fraction(1, 2**200)  # a rounding to 53, 64 or 113 bits before the last would lose it
    assert nearest_float(exactly(value - hair)) == _float_by_search(value - hair)
    assert nearest_float(exactly(value + hair)) == _float_by_search(value + hair)
    assert nearest_float(exactly(value - hair)) != nearest_float(exactly(value + hair))


def _float_by_search(value: Fraction) -> float:
    """The nearest float64 by bisection over the bit patterns: slow, and independent of any division."""
    low, high = 0, 0x7FE_FFFFFFFFFFFFF
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if Fraction(_float(middle)) <= value else (low, middle - 1)
    below = Fraction(_float(low))
    above = Fraction(2**1024) if low == 0x7FE_FFFFFFFFFFFFF else Fraction(_float(low + 1))
    down, up = value - below, above - value
    chosen = low if down < up or (down == up and low % 2 == 0) else low + 1
    return _float(chosen)


def _float(bits: int) -> float:
    return float(np.int64(bits).view(np.float64))


def test_rounding_agrees_with_a_search_over_all_floats() -> None:
    rng = random.Random(0)
    for _ in range(500):
        value = Fraction(rng.getrandbits(120) | 1) * Fraction(2) ** rng.randint(-1250, 900)
        assert nearest_float(exactly(value)) == _float_by_search(value), value


def test_a_ball_that_only_touches_two_floats_is_undecided() -> None:
    assert nearest_float(flint.arb(1, 1e-10)) is None
    assert nearest_float(flint.arb(0, 1e-300)) is None
    assert nearest_float(flint.arb("nan")) is None


def test_a_narrow_ball_around_zero_is_zero_without_a_sign() -> None:
    found = nearest_float(exactly(Fraction(-1, 2**1080)))
    assert found == 0
    assert math.copysign(1, found) == 1


def test_a_comparison_that_a_ball_leaves_open_is_never_answered() -> None:
    straddling = Ball(flint.arb(0, 1e-20))
    for compare in ("__lt__", "__le__", "__gt__", "__ge__"):
        with pytest.raises(Undecided):
            getattr(straddling, compare)(0)


def test_an_exact_ball_decides_a_tie() -> None:
    zero = Ball(flint.arb(0))
    assert zero >= 0
    assert zero <= 0
    assert not zero > 0
    assert not zero < 0


def test_relu_of_a_ball_around_zero_raises_instead_of_choosing() -> None:
    straddling = np.empty(1, object)
    straddling[0] = Ball(flint.arb(0, 1e-20))
    for name in ("relu", "hard_sigmoid", "hard_sigmoid_keras2"):
        activation = ri.activations.named(name)
        kink = {"relu": 0.0, "hard_sigmoid": 3.0, "hard_sigmoid_keras2": 2.5}[name]
        with precision(64), pytest.raises(Undecided):
            activation(straddling + kink)


def test_a_series_that_starts_at_a_kink_has_no_derivative() -> None:
    with precision(64), pytest.raises(AtKink):
        ri.activations.named("relu")(series(np.zeros(1), np.ones(1)))


def test_a_power_series_is_not_taken_apart_by_numpy() -> None:
    with precision(64):
        made = series(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    assert made.shape == (1, 2)
    assert all(isinstance(element, Ball) for element in made.flat)


@pytest.mark.parametrize("name", ri.activations.NAMES)
@pytest.mark.parametrize("x", [-800.0, -3.0, -2.5, -0.3, 0.0, 1e-300, 0.7, 2.5, 3.0, 800.0])
def test_activations_of_balls_stay_balls_forward_and_backward(name: str, x: float) -> None:
    activation = ri.activations.named(name)
    with precision(256):
        argument = balls(np.array([x]))
        y = activation(argument)
        refuse_python_numbers(name, y)
        refuse_python_numbers(f"{name}'", activation.derivative(y, argument))


def test_a_number_that_python_rounded_is_refused() -> None:
    for intruder in (0.1, 1 / 6, True, 7):
        array = np.empty(1, object)
        array[0] = intruder
        with pytest.raises(TypeError, match="expected balls"):
            refuse_python_numbers("gates.f", array)


def hard_case(recurrent: float) -> Case:
    """One step of a hard sigmoid whose pre-activation is ``recurrent``, then its derivative."""
    cell = ri.SimpleRNN(1, 1, "hard_sigmoid", use_bias=False)
    params = {"kernel": np.array([[1.0]]), "recurrent_kernel": np.array([[0.25]])}
    return Case(cell, params, np.array([[[recurrent]]]), d_outputs=np.ones((1, 1, 1)))


@pytest.mark.parametrize(("x", "h", "slope"), [(-3.0, 0.0, 0.0), (3.0, 1.0, 0.0), (0.0, 0.5, 1 / 6), (-4.0, 0.0, 0.0)])
def test_a_case_exactly_at_a_kink_is_decided(x: float, h: float, slope: float) -> None:
    certificate = certify(hard_case(x))
    assert certificate.is_complete
    assert certificate.values["outputs"] == h
    assert certificate.values["d_x"] == slope


def test_the_precision_is_raised_until_every_number_is_decided() -> None:
    cell = ri.SimpleRNN(1, 1, "tanh", use_bias=False)
    params = {"kernel": np.array([[1e-160]]), "recurrent_kernel": np.array([[0.5]])}
    case = Case(cell, params, np.array([[[1e-155]]]))
    low = certify(case, precisions=(64,))
    assert not low.is_complete
    assert low.undecided["outputs"] == [(0, 0, 0)]
    assert "64 bits" in low.reason
    high = certify(case)
    assert high.is_complete
    assert high.values["outputs"] == 1e-315


def test_a_tie_that_balls_cannot_see_exactly_is_reported_and_not_guessed() -> None:
    """``d_x = 963 / 6 * 2 * 28059810762433 = 2**53 + 1`` is a tie, but 1/6 has no ball of radius zero."""
    cell = ri.SimpleRNN(1, 1, "hard_sigmoid", use_bias=False)
    params = {"kernel": np.array([[2 * 28059810762433.0]]), "recurrent_kernel": np.array([[1.0]])}
    case = Case(cell, params, np.array([[[0.0]]]), d_outputs=np.array([[[963.0]]]))
    with precision(192):
        gradient = enclosures_of(case)["d_x"][0, 0, 0].value
    assert not gradient.is_exact()
    certificate = certify(case, precisions=(192, 512))
    assert not certificate.is_complete
    assert set(certificate.undecided) == {"d_x"}
    assert "tie" in certificate.reason
