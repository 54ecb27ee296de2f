"""Each activation against its exact value, in decimals of sixty digits, over the whole range of its dtype."""

from __future__ import annotations

import decimal
import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from .. import InvalidArgument
from ..activations import NAMES, named
from ..rounding import Precision, Rounded
from .support import assert_same, assert_within

each_activation = pytest.mark.parametrize("name", NAMES)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def points(dtype: Any) -> Any:
    """Zero, the smallest numbers, the kinks and their neighbours, where exp overflows, the largest."""
    info = np.finfo(dtype)
    edge, bottom = np.log(info.max), -np.log(info.smallest_subnormal)
    chosen = [0.0, info.smallest_subnormal, info.tiny, 1e-20, 1e-5, 0.1, 0.5, 1, 2, 2.5, 3, 5, 9.01, 17, 37]
    chosen += [edge - 1, edge, edge + 1, bottom - 1, bottom, bottom + 1, 1e4, info.max]
    found = np.array(chosen).astype(dtype)
    found = np.concatenate([found, np.nextafter(found, 0, dtype=dtype), np.linspace(0, 20, 200).astype(dtype)])
    return np.concatenate([found, -found])


def exact(name: str, x: float) -> Decimal:
    """The activation's value in sixty digits, of which tanh may lose twenty."""
    with decimal.localcontext(decimal.Context(prec=60)):
        exactly = Decimal(x)
        if name == "tanh" and abs(x) < 1e-20:  # its series: 1 - exp would cancel
            return exactly * (1 - exactly * exactly / 3)
        if name in ("sigmoid", "tanh"):
            decay = (-abs(exactly)).exp()
            if name == "tanh":
                return ((1 - decay * decay) / (1 + decay * decay)).copy_sign(exactly)
            return (Decimal(1) if x >= 0 else decay) / (1 + decay)
        if name == "hard_sigmoid":
            return min(max(exactly + 3, Decimal(0)), Decimal(6)) / 6
        if name == "hard_sigmoid_keras2":
            return min(max(exactly / 5 + Decimal("0.5"), Decimal(0)), Decimal(1))
        return max(exactly, Decimal(0)) if name == "relu" else exactly


def slope(name: str, x: float) -> Decimal:
    """The derivative's value, 0 at a kink."""
    with decimal.localcontext(decimal.Context(prec=60)):
        y = exact(name, x)
        if name == "sigmoid":
            return y * (1 - y)
        if name == "tanh":
            return 1 - y * y
        steep = {"relu": Decimal(1), "hard_sigmoid": 1 / Decimal(6), "hard_sigmoid_keras2": 1 / Decimal(5)}
        low, high = (0, Decimal("inf")) if name == "relu" else (0, 1)
        return steep.get(name, Decimal(1)) if name == "linear" or low < y < high else Decimal(0)


@each_activation
@each_dtype
def test_every_value_is_within_the_ulps_that_the_activation_states(name: str, dtype: Any) -> None:
    f, x = named(name), points(dtype)
    with np.errstate(all="ignore"):
        y = f(x)
    expected = [exact(name, float(v)) for v in x]
    error = [float(abs(Decimal(float(a)) - b)) for a, b in zip(y, expected, strict=True)]
    u, magnitude = Precision.of(dtype).unit_roundoff, np.abs([float(b) for b in expected])
    wide = x.astype(np.float64)
    reach = f.argument_ulps * u * (np.abs(wide) + 1)
    with np.errstate(over="ignore"):
        moved = f.steepest(wide - reach, wide + reach) * reach
    lost = 2.0 * np.finfo(dtype).smallest_subnormal  # below the normal numbers: exp's rounding, the quotient's
    stated = f.ulps * u * magnitude + moved + lost
    wrong = np.flatnonzero(~(np.array(error) <= stated))
    assert not wrong.size, f"{name} {dtype}: {[(x[k], y[k], float(expected[k])) for k in wrong]}"


@each_activation
@each_dtype
def test_every_derivative_is_within_its_bound(name: str, dtype: Any) -> None:
    f, x = named(name), points(dtype)
    x = x[np.abs(x) <= 1e4]
    with np.errstate(under="ignore"):
        found = f.derivative(f(x))
    bound = f.derivative(Rounded.given(Precision.of(dtype), x).activated(f)).bound
    expected = np.array([float(slope(name, float(v))) for v in x])
    last_place = np.finfo(np.float64).eps * np.abs(expected)  # the exact slope as a float64
    assert_within(
        f"{name} {dtype}", {"derivative": found}, {"derivative": expected}, {"derivative": bound + last_place}
    )


@each_activation
@each_dtype
def test_nothing_overflows_and_nothing_warns(name: str, dtype: Any) -> None:
    f = named(name)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        y = f(points(dtype))
        assert np.isfinite(y).all()
        assert np.isfinite(f.derivative(y)[np.abs(y) < 1e4]).all()


@each_activation
@each_dtype
def test_the_dtype_stays(name: str, dtype: Any) -> None:
    y = named(name)(np.linspace(-4, 4, 9).astype(dtype))
    assert (y.dtype, named(name).derivative(y).dtype) == (np.dtype(dtype),) * 2


@pytest.mark.parametrize(("x", "dtype"), [(-710.0, np.float64), (-88.0, np.float32), (-100.0, np.float32)])
def test_sigmoid_is_right_where_it_is_subnormal(x: float, dtype: Any) -> None:
    y = float(named("sigmoid")(np.array([x], dtype))[0])
    spacing = float(np.finfo(dtype).smallest_subnormal)
    assert 0 < y < np.finfo(dtype).tiny
    assert abs(Decimal(y) - exact("sigmoid", x)) <= 2 * Decimal(spacing), f"sigmoid({x}) = {y}"


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("hard_sigmoid", [-4, -3, -1.5, 0, 1.5, 3, 4], [0, 0, 0.25, 0.5, 0.75, 1, 1]),
        ("hard_sigmoid_keras2", [-3, -2.5, -1.25, 0, 1.25, 2.5, 3], [0, 0, 0.25, 0.5, 0.75, 1, 1]),
        ("relu", [-2, -0.0, 0, 3], [0, 0, 0, 3]),
        ("linear", [-2, 0, 3], [-2, 0, 3]),
        ("tanh", [0, -30, 30], [0, -1, 1]),
        ("sigmoid", [0, 40], [0.5, 1]),
    ],
)
@each_dtype
def test_hand_values_hold_exactly(name: str, x: list[float], expected: list[float], dtype: Any) -> None:
    assert_same(f"{name} {dtype}", {"f": named(name)(np.array(x, dtype))}, {"f": expected})


@pytest.mark.parametrize(
    ("name", "kinks", "inside"),
    [
        ("relu", [0.0, -0.0], 1.0),
        ("hard_sigmoid", [-3, 3], 1 / 6),
        ("hard_sigmoid_keras2", [-2.5, 2.5], 1 / 5),
    ],
)
def test_the_derivative_is_zero_at_a_kink_and_beyond(name: str, kinks: list[float], inside: float) -> None:
    f = named(name)
    x = np.array([*kinks, -9.0, 0.5])
    assert_same(name, {"derivative": f.derivative(f(x))}, {"derivative": [0, 0, 0, inside]})


@each_activation
def test_steepest_is_the_greatest_slope_of_an_interval(name: str) -> None:
    low, high = np.sort(np.random.default_rng(0).uniform(-6, 6, (2, 40)), axis=0)
    grid = np.linspace(low, high, 33)
    greatest = np.array([[float(slope(name, v)) for v in points] for points in grid.T]).max(axis=1)
    steepest = named(name).steepest(low, high)
    spacing = (high - low) / 32  # slopes change by less than 1 a unit; no jump of this seed hides in the grid
    few_roundings = 16 * np.finfo(np.float64).eps
    for k in range(len(low)):
        case = f"{name} on [{low[k]}, {high[k]}]: steepest {steepest[k]}, greatest {greatest[k]}"
        assert greatest[k] <= steepest[k] * (1 + few_roundings), case
        assert steepest[k] <= greatest[k] + spacing[k] + few_roundings, case


def test_an_unknown_activation_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match=r"activation: expected one of tanh, .*'swish'"):
        named("swish")
