"""The assertion and the dual numbers that the other tests stand on: they must be able to fail."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .dual import Dual, duals, slopes, values
from .support import BATCH, CELLS, HIDDEN, INPUT, STACKS, TIME, WIDE, assert_same, assert_within, example, factors_of

EXPECTED = np.arange(6.0).reshape(2, 3)


def off(by: float) -> Any:
    found = EXPECTED.copy()
    found[1, 2] += by
    return found


def test_a_difference_is_reported_with_element_values_bound_and_ratio() -> None:
    words = r"a case: x\[1, 2\]: expected 5.0, got 5.5; off by 0.5, bound 0.25, ratio 2; 1 of 6 elements are off"
    with pytest.raises(pytest.fail.Exception, match=words):
        assert_within("a case", {"x": off(0.5)}, {"x": EXPECTED}, {"x": 0.125}, {"x": 0.125})


def test_a_difference_of_just_the_bound_passes() -> None:
    assert_within("a case", {"x": off(0.5)}, {"x": EXPECTED}, {"x": np.full((2, 3), 0.5)})


@pytest.mark.parametrize("got", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_off(got: float) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"x\[1, 2\]"):
        assert_within("a case", {"x": off(got)}, {"x": EXPECTED}, {"x": 1e300})


@pytest.mark.parametrize("bound", [np.nan, np.inf, -1e-300])
def test_a_bound_that_says_nothing_is_an_error(bound: float) -> None:
    with pytest.raises(AssertionError, match="expected bounds finite and not negative"):
        assert_within("a case", {"x": EXPECTED}, {"x": EXPECTED}, {"x": bound})


def test_another_shape_is_an_error_even_where_it_would_broadcast() -> None:
    with pytest.raises(AssertionError, match=r"expected shape \(2, 3\), got \(1, 3\)"):
        assert_within("a case", {"x": EXPECTED[:1]}, {"x": EXPECTED}, {"x": 1e3})


def test_a_missing_part_is_an_error() -> None:
    with pytest.raises(AssertionError, match="parts"):
        assert_same("a case", {}, {"x": EXPECTED})


@pytest.mark.parametrize("kind", [Fraction, Decimal])
def test_exact_numbers_are_compared_exactly(kind: type) -> None:
    exact = values(duals(kind, EXPECTED))
    nearly = exact.copy()
    nearly[1, 2] += kind(2.0**-80)
    assert_same("a case", {"x": exact}, {"x": exact.copy()})
    with pytest.raises(pytest.fail.Exception, match=r"x\[1, 2\]"):
        assert_same("a case", {"x": nearly}, {"x": exact})


@pytest.mark.parametrize("cell", [*CELLS, *STACKS.values()], ids=str)
def test_no_two_numbers_of_an_example_are_alike(cell: Any) -> None:
    e = example(cell, seed=0)
    arrays = [*e.params.values(), e.x, *e.initial_state, e.d_outputs, *e.d_state]
    numbers = np.concatenate([array.ravel() for array in arrays])
    assert len(set(numbers.tolist())) == len(numbers)
    assert len({BATCH, TIME, INPUT, HIDDEN, WIDE}) == 5


@pytest.mark.parametrize("a_gate", [False, True])
@pytest.mark.parametrize("cell", [*CELLS, *STACKS.values()], ids=str)
def test_no_two_factors_but_zeros_are_alike(cell: Any, a_gate: bool) -> None:
    numbers = np.concatenate([array.ravel() for array in factors_of(cell, 0, a_gate=a_gate).values()])
    others = numbers[numbers != 0]
    assert len(set(others.tolist())) == len(others)
    assert len(numbers) / 4 < len(numbers) - len(others) < len(numbers) / 2


def test_duals_differentiate() -> None:
    """(x² - 3) / (2 - x) + x exp(-x) / 4, with slope 5, against its derivative worked out by hand."""
    x = Dual(Fraction(1, 2), Fraction(5))
    y = (x * x - 3) / (2 - x) + x * (-x).exp() / 4
    e = (-x).exp().value
    by_hand = (2 * x.value * (2 - x.value) + (x.value**2 - 3)) / (2 - x.value) ** 2 + (1 - x.value) * e / 4
    assert y.slope == 5 * by_hand


def test_duals_know_floats_exactly_and_come_apart_again() -> None:
    array = duals(Fraction, [0.1, 0.2], [1.0, 2.0])
    assert list(values(array)) == [Fraction(0.1), Fraction(0.2)]
    assert list(slopes(array * 3 + 0.5)) == [3, 6]
