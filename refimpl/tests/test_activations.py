"""Each activation against its definition, in decimals of many digits, over the whole range of its dtype.

Those whose definition decimals cannot follow (gelu) are held to ball arithmetic, in `conformance/tests`.
"""

from __future__ import annotations

import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ..activations import named
from ..precision import Precision
from ..rounded import Rounded
from .activation_definitions import ALL, DEFINED, defined, defined_slope, family
from .dual import duals, slopes, true_digits, values
from .support import assert_same, assert_within

UNBOUNDED = ("exponential", "selu")  # a finite argument may have an infinite value

each_activation = pytest.mark.parametrize("name", ALL)
each_defined = pytest.mark.parametrize("name", DEFINED)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def points(dtype: Any) -> Any:
    """Zero, the smallest numbers, the kinks and their neighbours, where exp overflows, the largest."""
    info = np.finfo(dtype)
    edge, bottom = np.log(info.max), -np.log(info.smallest_subnormal)
    chosen = [0.0, info.smallest_subnormal, info.tiny, 1e-20, 1e-5, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5, 6, 9.01, 17, 37]
    chosen += [edge - 1, edge, edge + 1, bottom - 1, bottom, bottom + 1, 1e4, info.max]
    found = np.array(chosen).astype(dtype)
    found = np.concatenate([found, np.nextafter(found, 0, dtype=dtype), np.linspace(0, 20, 200).astype(dtype)])
    return np.concatenate([found, -found])


@each_defined
@each_dtype
def test_every_value_is_within_the_rounding_that_the_activation_states(name: str, dtype: Any) -> None:
    f, x = named(name), points(dtype)
    precision = Precision.of(dtype)
    with np.errstate(all="ignore"):
        y = f(x)
        bound = Rounded.given(precision, x).activated(f).bound
    lost = 2 * float(np.finfo(dtype).smallest_subnormal)  # below the normal numbers: exp's rounding, the quotient's
    for k, number in enumerate(x.astype(np.float64)):
        expected, found = defined(name, number)[0], float(y[k])
        if not np.isfinite(bound[k]):
            assert max(abs(number), abs(expected)) > (precision.largest / 16) ** (1 / f.power), (
                f"{name}({number!r}) has no bound"
            )
        else:
            with true_digits():
                stated = Decimal(float(bound[k])) + Decimal(lost) + abs(expected) * Decimal(10) ** -100
                off = abs(Decimal(found) - expected)
            assert off <= stated, f"{name}({number!r}) = {found!r}, not {float(expected)!r}"


@each_defined
@each_dtype
def test_every_derivative_is_within_its_bound(name: str, dtype: Any) -> None:
    f, x = named(name), points(dtype)[::3]
    x = x[(np.abs(x) <= 1e4) & ~np.isin(np.abs(x), KINKS)]
    if name == "exponential":
        x = x[x < 80]
    with np.errstate(under="ignore"):
        found = f.derivative(f(x), x)
        given = Rounded.given(Precision.of(dtype), x)
        bound = f.derivative(given.activated(f), given).bound
    expected = np.array([float(defined(name, float(v))[1]) for v in x])
    last_place = np.finfo(np.float64).eps * np.abs(expected)  # the exact slope as a float64
    assert_within(
        f"{name} {dtype}", {"derivative": found}, {"derivative": expected}, {"derivative": bound + last_place}
    )


KINKS = [0.0, 0.25, 0.5, 1.0, 2.0, 2.5, 3.0, 6.0]
NOT_OF_Y = ("softplus", "log_sigmoid", "mish", "squareplus")
"""Whose slopes need what a logarithm or a root has in common with its argument: more than a fraction can stand for."""


@pytest.mark.parametrize("name", [n for n in DEFINED if family(n) not in NOT_OF_Y])
@pytest.mark.parametrize("x", [-4.375, -1.75, -0.625, -0.125, 0.0625, 0.375, 0.875, 1.625, 4.25, 7.5])
def test_the_derivative_equals_that_of_the_arithmetic_exactly(name: str, x: float) -> None:
    f, argument = named(name), duals(Fraction, np.array([x]), np.ones(1))
    y = f(argument)
    assert values(f.derivative(y, argument))[0] == slopes(y)[0]


@pytest.mark.parametrize("name", [n for n in DEFINED if family(n) in NOT_OF_Y])
@pytest.mark.parametrize("x", [-40.0, -4.375, -0.625, 0.0, 0.0625, 0.875, 4.25, 70.0])
def test_the_derivative_is_that_of_the_arithmetic_to_a_hundred_digits(name: str, x: float) -> None:
    with true_digits():
        f, argument = named(name), duals(Decimal, np.array([x]), np.ones(1))
        y = f(argument)
        found, expected = values(f.derivative(y, argument))[0], slopes(y)[0]
        assert abs(found - expected) <= abs(expected) * Decimal(10) ** -80


@each_activation
@each_dtype
def test_nothing_overflows_and_nothing_warns(name: str, dtype: Any) -> None:
    f = named(name)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        x = points(dtype)
        y = f(x)
        assert not np.isnan(y).any()
        assert np.isfinite(y).all() or name in UNBOUNDED
        finite = np.isfinite(y)
        assert np.isfinite(f.derivative(y[finite], x[finite])).all()


@each_activation
@each_dtype
def test_the_dtype_stays(name: str, dtype: Any) -> None:
    x = np.linspace(-4, 4, 9).astype(dtype)
    y = named(name)(x)
    assert (y.dtype, named(name).derivative(y, x).dtype) == (np.dtype(dtype),) * 2


@each_activation
@pytest.mark.parametrize("shape", [(0,), (2, 0), (3, 2)])
def test_the_shape_stays(name: str, shape: tuple[int, ...]) -> None:
    x = np.full(shape, 0.75)
    y = named(name)(x)
    assert (y.shape, named(name).derivative(y, x).shape) == (shape, shape)


@each_activation
def test_the_derivative_of_a_straight_output_needs_no_argument_unless_it_says_so(name: str) -> None:
    f, x = named(name), np.array([-2.0, 0.3, 4.0])
    if f.needs_argument:
        with pytest.raises((TypeError, AttributeError)):
            f.derivative(f(x), None)
    else:
        assert_same(name, {"f'": f.derivative(f(x), None)}, {"f'": f.derivative(f(x), x)})


@pytest.mark.parametrize(("x", "dtype"), [(-710.0, np.float64), (-88.0, np.float32), (-100.0, np.float32)])
def test_sigmoid_is_right_where_it_is_subnormal(x: float, dtype: Any) -> None:
    y = float(named("sigmoid")(np.array([x], dtype))[0])
    spacing = float(np.finfo(dtype).smallest_subnormal)
    assert 0 < y < np.finfo(dtype).tiny
    assert abs(Decimal(y) - defined("sigmoid", x)[0]) <= 2 * Decimal(spacing), f"sigmoid({x}) = {y}"


@pytest.mark.parametrize(
    "name", ["softplus", "silu", "mish", "squareplus", "tanh_shrink", "gelu", "elu", "log_sigmoid"]
)
def test_nothing_is_lost_to_cancellation(name: str) -> None:
    """Where the usual formula, in float64, would keep few digits or none."""
    x = 30.0 if name == "log_sigmoid" else -1e-3 if name in ("tanh_shrink", "elu") else -9.0 if name == "gelu" else -1e3
    x = -30.0 if name in ("softplus", "silu", "mish") else x
    expected = Decimal("-1.01572956535845658296195186837e-18") if name == "gelu" else defined(name, x)[0]
    found = Decimal(float(named(name)(np.array([x]))[0]))
    assert abs(found - expected) <= abs(expected) * Decimal(2) ** -48


@each_defined
def test_steepest_is_the_greatest_slope_of_an_interval(name: str) -> None:
    low, high = np.sort(np.random.default_rng(0).uniform(-6, 6, (2, 25)), axis=0)
    grid = np.linspace(low, high, 33)
    slope = np.array([[abs(float(defined_slope(name, v))) for v in points] for points in grid.T])
    greatest = slope.max(axis=1)
    steepest = named(name).steepest(low, high)
    change = np.abs(np.diff(slope, axis=1)).max(axis=1)  # between neighbours of the grid, a jump included
    few_roundings = 16 * np.finfo(np.float64).eps
    for k in range(len(low)):
        case = f"{name} on [{low[k]}, {high[k]}]: steepest {steepest[k]}, greatest {greatest[k]}"
        assert greatest[k] <= steepest[k] * (1 + few_roundings) + few_roundings, case
        assert steepest[k] <= greatest[k] + change[k] + few_roundings, case
