"""Every activation, its derivative and the rounding that it states, against ball arithmetic."""

from __future__ import annotations

from dataclasses import replace

import flint
import numpy as np
import pytest

from refimpl.activations import NAMES, Activation, clipped, named
from refimpl.precision import Precision
from refimpl.rounded import Rounded

from ...contract import Array
from ...truth.activation_accuracy import PARAMETERISED, PRECISIONS, judged, points, truth
from ...truth.balls import AtKink, Undecided, balls, constant, precision, series, slope
from ...truth.certificates import refuse_python_numbers

each_activation = pytest.mark.parametrize("name", [*NAMES, *PARAMETERISED])
PLACES = [
    -2000.0,
    -40.0,
    -7.3,
    -3.0,
    -2.5,
    -1.0,
    -0.5,
    -0.3,
    -1e-30,
    0.0,
    1e-9,
    0.2,
    0.7,
    1.0,
    2.5,
    3.0,
    6.0,
    9.1,
    2000.0,
]
BITS = 6500  # the tails of gelu and tanh cancel thousands


@each_activation
@pytest.mark.parametrize("x", PLACES)
def test_the_derivative_is_the_power_series_slope(name: str, x: float) -> None:
    contradicts(named(name), x)


@pytest.mark.parametrize("name", ["gelu_tanh", "mish", "hard_shrink", "celu(0.7)"])
@pytest.mark.parametrize("x", [-7.3, -1.25, 0.2, 7.3])
def test_so_it_is_where_the_argument_is_clipped(name: str, x: float) -> None:
    contradicts(clipped(named(name), 1.5), x)


def contradicts(f: Activation, x: float) -> None:
    """Fails where the derivative and the slope of the series of ``f`` are not one number, known to many digits."""
    with precision(BITS):
        try:
            defined = slope(f(series(np.array([x]), np.ones(1)))[0])
        except AtKink:
            return
        argument = balls(np.array([x]))
        y = f(argument)
        found = f.derivative(y, argument)
        refuse_python_numbers(f.name, y)
        refuse_python_numbers(f"{f.name}'", found)
        assert constant(found[0]).overlaps(defined), f"{f.name}'({x}): {constant(found[0])}, by series {defined}"
        for ball in (constant(found[0]), defined):
            sharp = ball.rad() <= abs(ball.mid()) * flint.arb(2) ** -100 or ball.rad() < flint.arb(2) ** -2000
            assert sharp, f"{f.name}'({x}) is {ball}, which says too little"


KINKS: dict[str, list[float]] = {
    "relu": [0],
    "relu6": [0, 6],
    "leaky_relu": [0],
    "selu": [0],
    "elu(1.5)": [0],
    "hard_sigmoid": [-3, 3],
    "hard_sigmoid_keras2": [-2.5, 2.5],
    "hard_silu": [-3, 3],
    "hard_tanh": [-1, 1],
    "sparse_sigmoid": [-1, 1],
    "hard_shrink": [-0.5, 0.5],
    "soft_shrink": [-0.5, 0.5],
    "thresholded_relu(1)": [1],
    "relu(0.1,2.5,0.3)": [0.3, 2.5],
}
SMOOTH_JOINTS: dict[str, list[float]] = {"celu": [0], "elu": [0], "softsign": [0], "sparse_plus": [-1, 1]}


@pytest.mark.parametrize(("name", "x"), [(name, float(x)) for name, places in KINKS.items() for x in places])
def test_a_series_at_a_kink_is_refused_and_a_ball_around_it_undecided(name: str, x: float) -> None:
    with precision(128), pytest.raises(AtKink):
        named(name)(series(np.array([x]), np.ones(1)))
    around = np.empty(1, object)
    around[0] = balls(np.array([x]))[0] + flint.arb(0, 1e-20)
    with precision(128), pytest.raises(Undecided):
        named(name)(around)


@pytest.mark.parametrize(("name", "x"), [(name, float(x)) for name, places in SMOOTH_JOINTS.items() for x in places])
def test_a_series_where_two_formulas_meet_smoothly_has_the_slope_of_both(name: str, x: float) -> None:
    f = named(name)
    with precision(128):
        found = slope(f(series(np.array([x]), np.ones(1)))[0])
    near = np.nextafter(x, [-9.0, 9.0])
    assert (np.abs(f.derivative(f(near), near) - float(found)) < 1e-15).all()


@each_activation
@pytest.mark.parametrize("dtype", PRECISIONS[:2])
def test_the_oracle_is_within_the_stated_rounding(name: str, dtype: str) -> None:
    at = points(dtype, dense=40)
    x = at.astype(dtype)
    with np.errstate(all="ignore"):
        y = named(name)(x)
        slopes = named(name).derivative(y, x)
    worst = judged("oracle", name, dtype, at, truth(named(name), at), wide(y), wide(slopes))
    assert worst.share <= 1, f"{name}({worst.x!r}) uses {worst.share:.3g} of its bound"
    assert worst.slope_share <= 1, f"{name}'({worst.slope_x!r}) uses {worst.slope_share:.3g} of its bound"


@each_activation
def test_the_stated_rounding_is_not_much_more_than_a_few_units(name: str) -> None:
    """In float64, of a given x: 64 units in the last place of x or of y, or of 1 where f begins with a sum."""
    at = points("float64", dense=40)
    jumps = named(name).jump
    at = at if jumps is None else at[jumps(at - 1e-9 * np.abs(at), at + 1e-9 * np.abs(at)) == 0]
    given = Rounded.given(Precision.of("float64"), at)
    with np.errstate(all="ignore"):
        y = named(name)(at)
        bound = given.activated(named(name)).bound
        reasonable = 64 * 2.0**-53 * (np.abs(y) + np.abs(at) + (named(name).argument_ulps > 0))
        lost = 2.0**-1022 * np.maximum(1, np.abs(at))
    kept = np.isfinite(bound) & np.isfinite(y)
    assert (bound <= reasonable + lost)[kept].all()


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
def test_steepest_is_the_greatest_slope_of_an_interval(name: str) -> None:
    """As `refimpl`'s own tests have it for the activations that decimals can follow."""
    f = named(name)
    low, high = np.sort(np.random.default_rng(0).uniform(-6, 6, (2, 25)), axis=0)
    slope = np.array([np.abs(truth(f, grid).slope[0]) for grid in np.linspace(low, high, 33).T])
    greatest, change = slope.max(axis=1), np.abs(np.diff(slope, axis=1)).max(axis=1)
    steepest = f.steepest(low, high)
    assert (greatest <= steepest + 1e-15).all()
    assert (steepest <= greatest + change + 1e-15).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "mish", "gelu", "elu", "hard_silu", "tanh_shrink"])
def test_an_evaluation_that_is_a_little_too_wrong_is_seen(name: str) -> None:
    at = points("float32", dense=40)
    exact = truth(named(name), at)
    wrong = exact.value[0] * (1 + 2.0**-17)  # 128 units of roundoff
    assert judged("planted", name, "float32", at, exact, wrong, None).share > 1
    slope_off = np.nan_to_num(exact.slope[0]) * (1 + 2.0**-16)
    assert judged("planted", name, "float32", at, exact, exact.value[0], slope_off).slope_share > 1


def test_a_wrong_derivative_contradicts_the_series() -> None:
    f = named("gelu")
    wrong = replace(f, derivative=lambda y, x: f.derivative(y, x) * 1.0000000001)
    with pytest.raises(AssertionError, match="by series"):
        contradicts(wrong, 0.2)


def wide(array: Array) -> Array:
    return np.asarray(array, np.float64)
