"""The random errors themselves: where numbers, rows and steps err alike, and where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..noise import Noise
from ..precision import Precision

RNG = np.random.default_rng(0)


def noise(samples: int = 32, seed: int = 0, precision: Any = "float32", careful: bool = False) -> Noise:
    return Noise(Precision.of(precision), samples, (seed, 0), careful=careful)


def test_signs_are_as_often_positive_as_negative_and_independent() -> None:
    value = RNG.standard_normal(20_000)
    signs = np.sign(noise().drawn(np.ones(value.shape), value))
    assert np.abs(signs.mean(axis=1)).max() < 5 / np.sqrt(value.size)
    among = signs @ signs.T / value.size - np.eye(32)
    assert np.abs(among).max() < 5 / np.sqrt(value.size)


def test_equal_numbers_err_alike_at_the_same_place_and_others_do_not() -> None:
    value = np.array([0.3, 0.7, 0.3, np.nextafter(0.3, 1)])
    each = noise()
    each.begin_piece(0)
    each.begin(0)
    first = each.drawn(np.ones(4), value)
    second = each.drawn(np.ones(4), value)
    each.begin_piece(0)
    each.begin(0)
    np.testing.assert_array_equal(first, each.drawn(np.ones(4), value))
    assert (first != second).any()
    np.testing.assert_array_equal(first[:, 0], first[:, 2])
    np.testing.assert_array_equal(first[:, 0], first[:, 3], "another product's last bit is no other number")
    assert (first[:, 0] != first[:, 1]).any()


def test_in_half_of_the_samples_equal_numbers_of_other_rows_and_steps_err_independently() -> None:
    value, each = np.full((40, 1), 0.3), noise()
    first = each.drawn(np.ones((40, 1)), value)
    assert (first[:16] == first[:16, :1]).all()
    assert (np.abs(first[16:].mean(axis=1)) < 0.9).all()
    second, third = (next_step(each, value) for _ in range(2))
    assert (second[:16] == third[:16]).all()
    assert (second[16:] != third[16:]).any()
    of_steps = each.drawn(np.ones((40, 2, 1)), np.full((40, 2, 1), 0.3))
    assert (of_steps[:16, 1:] == of_steps[:16, 1:2]).all()
    assert (np.abs(of_steps[16:].mean(axis=1)) < 0.9).all()


def next_step(its: Noise, value: Any) -> Any:
    """The errors of the first operation of the next step."""
    its.begin(0)
    return its.drawn(np.ones(value.shape), value)


def of_steps(values: Any, **how: Any) -> Any:
    """The errors of a number at some steps, ``(samples, steps)``; all steps at once, or one by one."""
    at_once, one_by_one = (noise(**how) for _ in range(2))
    value = np.asarray(values)[:, None, None]
    found = at_once.drawn(np.ones(value.shape), value)
    again = [next_step(one_by_one, v) for v in value]
    np.testing.assert_array_equal(found[:16, 1:], np.stack(again, axis=1)[:16, 1:])
    return np.sign(found[:16, :, 0, 0])


def test_a_number_that_changes_by_the_same_at_each_step_errs_alike() -> None:
    """What is added to it is rounded to its own last place, so it loses as much every time; no such thing if the change
    is another."""
    steady, unsteady = (0.6 + 2.0**-24 * np.cumsum(steps) for steps in ([7.3] * 6, [7.3, 3.9, 7.7, 4.1, 5.2, 9.0]))
    signs = of_steps(steady)
    assert (signs[:, 1:] == signs[:, 1:2]).all()
    assert (np.abs(of_steps(unsteady)[:, 1:].mean(axis=1)) < 0.9).any()


def test_an_activation_errs_alike_where_it_is_asked_nearly_the_same_and_a_product_does_not() -> None:
    near_1 = 1 - 2.0**-24 * np.array([31.0, 31.0, 32.0, 33.5, 31.5, 80.0])
    for of_function in (True, False):
        each = noise()
        signs = each.drawn(np.ones((6, 1, 1)), near_1[:, None, None], of_function=of_function)[:16, :, 0, 0]
        assert (signs[:, 1:5] == signs[:, 1:2]).all() == of_function
        assert (signs[:, 5] != signs[:, 1]).any()


def test_in_half_precision_numbers_that_nearly_agree_are_rounded_alike() -> None:
    value = 0.5 + 2.0**-9 * np.array([1.0, 1.0, 1 + 2.0**-5, 1.0, 1 + 2.0**-5])
    in_half, in_single = (of_steps(value, precision=name) for name in ("bfloat16", "float32"))
    assert (in_half[:, 1:] == in_half[:, 1:2]).all()
    assert (in_single[:, 1:] != in_single[:, 1:2]).any()


def test_another_seed_has_other_errors_and_the_same_seed_the_same() -> None:
    value, variance = RNG.standard_normal(50), np.ones(50)
    np.testing.assert_array_equal(noise(seed=1).drawn(variance, value), noise(seed=1).drawn(variance, value))
    assert (noise(seed=1).drawn(variance, value) != noise(seed=2).drawn(variance, value)).any()
