"""Arrays that carry samples of their error: where the errors come from, and that arithmetic passes them on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import SimpleRNN, backward, compare, forward
from ..activations import named
from ..noise import OF_ROUNDING, Noise
from ..pooling import pooled
from ..precision import Precision
from ..sampled import Sampled
from ..tails import two_sided
from .support import assert_near
from .test_noise import noise

FLOAT32 = Precision.of("float32")
RNG = np.random.default_rng(0)


def stored(*shape: int) -> Any:
    """Numbers that float32 has."""
    return RNG.standard_normal(shape).astype(np.float32).astype(np.float64)


def deviation(array: Sampled) -> Any:
    """In units of u."""
    return np.sqrt(array.variance() * OF_ROUNDING)


# --- what arithmetic makes of them ------------------------------------------------------------------------------------


def test_what_is_given_and_stored_is_exact_and_what_cannot_be_stored_is_not() -> None:
    assert deviation(Sampled.given(noise(), np.array([0.5, 1024.0]))).max() == 0
    third = deviation(Sampled.given(noise(), np.array([1 / 3])))[0]
    assert_near(third * 2.0**-24, abs(float(np.float32(1 / 3)) - 1 / 3))


def test_a_product_is_rounded_once_and_its_factors_errors_go_through_with_their_signs() -> None:
    a, b = (Sampled.given(noise(), stored(5)) for _ in range(2))
    c = a * b
    assert_near(deviation(c), np.abs(c.value) * np.sqrt(OF_ROUNDING))
    c.settled()
    gone = c - c
    np.testing.assert_array_equal(gone.delta, 0.0, "an error less itself is none")


def test_the_factors_of_a_square_err_alike() -> None:
    y = Sampled(noise(), np.array([0.5])) * np.array([0.7])
    assert y.pending is not None
    own = float(y.pending[0])
    square = y * y
    assert square.pending is not None
    assert_near(square.pending, square.value**2 + 4 * y.value**2 * own)


def test_a_product_of_errors_that_are_large_is_not_left_out() -> None:
    each = noise(precision="bfloat16")
    a, b = (Sampled(each, np.array([2.0]), np.full((32, 1), 50.0, np.float32)) for _ in range(2))
    expected = ((2 + 50 * each.unit) ** 2 - 4) / each.unit
    found = (a * b).delta
    assert found is not None
    assert_near(found, np.full((32, 1), expected))


@pytest.mark.parametrize("name", ["float32", "float16", "float16, sums in float32", "float32, products in TF32"])
def test_the_deviation_of_an_inner_product_covers_sums_in_several_orders(name: str) -> None:
    """The root mean square of what sums from first to last, from last to first and by halves are off, in deviations."""
    precision, n = Precision.of(name), 40
    x, w = (precision.stored(RNG.standard_normal(shape)) for shape in ((60, n), (n, 50)))
    plain, careful = (
        deviation(Sampled.given(each, x) @ Sampled.given(each, w))
        for each in (noise(precision=name, careful=careful) for careful in (False, True))
    )
    assert (careful >= plain).all()
    exact = x @ w
    cut_x, cut_w = (np.trunc(a * 2.0**30) / 2.0**30 if not precision.factors else cut(a, precision) for a in (x, w))
    terms = precision.stored(cut_x[:, :, None] * cut_w[None], precision.sums)
    for order in (in_turn, by_halves, lambda t, p: in_turn(t[:, ::-1], p)):
        found = precision.stored(order(terms, precision))
        error = (found - exact) / precision.unit_roundoff
        assert 0.2 < np.sqrt(np.mean((error / plain) ** 2)) < 1.1, order
        assert np.abs(error / careful).max() < 5, order


def cut(a: Any, precision: Precision) -> Any:
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.trunc(np.ldexp(mantissa, precision.factors)), exponent - precision.factors)


def in_turn(terms: Any, precision: Precision) -> Any:
    total = terms[:, 0]
    for k in range(1, terms.shape[1]):
        total = precision.stored(total + terms[:, k], precision.sums)
    return total


def by_halves(terms: Any, precision: Precision) -> Any:
    if terms.shape[1] == 1:
        return terms[:, 0]
    half = terms.shape[1] // 2
    both = by_halves(terms[:, :half], precision) + by_halves(terms[:, half:], precision)
    return precision.stored(both, precision.sums)


def test_a_sum_that_is_made_in_parts_has_a_deviation_like_that_of_the_whole() -> None:
    """``x W + b + h U`` is one sum, however it is grouped."""
    x, w = stored(200, 24), stored(24, 10)
    whole = deviation(Sampled.given(noise(), x) @ Sampled.given(noise(), w))
    parts = [Sampled.given(noise(), x[:, k : k + 12]) @ Sampled.given(noise(), w[k : k + 12]) for k in (0, 12)]
    ratio = deviation(parts[0] + parts[1]) / whole
    assert 0.8 < np.sqrt(np.mean(ratio**2)) < 1.5


def test_parts_of_a_sum_have_the_rounding_of_the_whole() -> None:
    a = Sampled.given(noise(), stored(3, 8)) @ Sampled.given(noise(), stored(8, 6))
    left, right = a[..., :3], a[..., 3:]
    both = np.concatenate([left.settled(), right.settled()], axis=-1)
    np.testing.assert_array_equal(both, a.settled())


def test_a_product_with_a_difference_may_be_made_term_by_term() -> None:
    """``d a - d b`` in two rows with opposite d does not cancel as ``d (a - b)`` does, whose difference errs alike."""
    a, b = (Sampled(noise(), np.full((2, 1), value)) for value in (0.9, 0.9 - 2.0**-30))
    d = Sampled(a.noise, np.array([[0.7], [-0.7]]))
    found = (d * (a - b))[:, 0].sum(axis=0)
    assert deviation(found) > 0.6 * OF_ROUNDING**0.5
    part = (a - b)[:1]
    assert part._two is not None
    assert deviation(d[:1] * part)[0, 0] > 0.6 * OF_ROUNDING**0.5


def test_the_last_rounding_is_there_even_if_errors_of_one_size_cancel_in_all_samples() -> None:
    x = Sampled(noise(), np.array([2.0]), np.zeros((32, 1), np.float32))
    assert deviation(x)[0] < 1e-20, "no operation has rounded it"
    x.delta = np.full((32, 1), 1e-3, np.float32)
    assert_near(deviation(x)[0], 2 * OF_ROUNDING**0.5)


def test_what_may_overflow_is_unknown_even_within_a_sum() -> None:
    each = noise(precision="float16")
    a = Sampled.given(each, np.array([[256.0, 256.0]])) @ Sampled.given(each, np.array([[100.0], [200.0]]))
    total = a + Sampled.given(each, np.array([[-65000.0]]))
    assert abs(total.value[0, 0]) < 2e4
    assert not np.isfinite(deviation(total)[0, 0])
    assert not np.isfinite(deviation(Sampled.given(each, np.array([65504.0])) * Sampled.given(each, np.ones(1))))
    large, slope_of_0 = Sampled.given(each, np.array([300.0])), Sampled.given(each, np.array([2.0**-14]))
    assert not np.isfinite(deviation(large * large * slope_of_0)), "infinity times what may be 0"
    slope = total.activated(named("relu")).strictly_between(0.0, np.inf)
    assert not np.isfinite(deviation(slope)[0, 0]), "of a number that may be any, so is the slope"


def test_a_function_passes_errors_on_by_its_slope_and_adds_its_own() -> None:
    x = Sampled(noise(), np.array([0.5]), np.full((32, 1), 100.0, np.float32))
    y = x.activated(named("tanh"))
    assert y.delta is not None
    own = np.abs(y.delta - 100 * (1 - np.tanh(0.5) ** 2))
    assert_near(own, own[:1].repeat(32, axis=0), digits=3)
    assert 0.99 * y.value[0] < own[0, 0] < 4 * y.value[0]


def test_beside_a_kink_the_slope_may_be_either() -> None:
    for at, open_ in ((1e-9, True), (1e-3, False)):
        x = Sampled(noise(), np.array([at]), RNG.choice([-1.0, 1.0], (32, 1)).astype(np.float32))
        slope = x.strictly_between(0.0, np.inf)
        assert (slope.delta is not None) == open_, at
        assert x.noise.at_kinks == open_, at


@pytest.mark.parametrize(("start", "open_"), [(1e-35, True), (1e-20, False)])
def test_the_slope_of_what_underflows_in_float32_may_be_that_of_0(start: float, open_: bool) -> None:
    """A state of 10⁻⁴⁸ is 0 in float32, where relu has no slope."""
    params = {"kernel": np.zeros((1, 1)), "recurrent_kernel": np.full((1, 1), 1e-13)}
    cell, d_outputs = SimpleRNN(1, 1, activation="relu", use_bias=False), np.ones((1, 1, 1))
    wide = forward(cell, params, np.zeros((1, 1, 1)), (np.full((1, 1), start),))
    assert backward(wide, d_outputs).params["recurrent_kernel"] == start
    flushed = {"params": {"recurrent_kernel": np.zeros((1, 1))}}
    assert compare(wide, gradients=flushed, d_outputs=d_outputs).agrees is open_


def test_several_slopes_beside_their_kinks_may_all_be_the_other() -> None:
    each = noise()
    product = Sampled(each, np.ones((1, 1)))
    for k in range(5):
        x = Sampled(each, np.array([[-1e-9 * (k + 1)]]), RNG.choice([-1.0, 1.0], (32, 1, 1)).astype(np.float32))
        product = product * x.strictly_between(0.0, np.inf)
    assert product.value == 0
    assert deviation(product)[0, 0] * 2.0**-24 > 0.5, "it may be 1"


def test_where_an_argument_is_known_so_badly_that_a_function_bends_the_deviation_covers_the_bend() -> None:
    """``e^-20`` with an argument off by 2 is no line."""
    x = Sampled(noise(precision="bfloat16"), np.array([-20.0]), RNG.choice([-1.0, 1.0], (32, 1)).astype(np.float32))
    x.delta = x.delta * np.float32(2 / x.noise.unit) if x.delta is not None else None
    y = x.activated(named("sigmoid"))
    assert deviation(y)[0] * 2.0**-8 > 3 * np.exp(-20 + 2.0)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_function_of_what_is_not_known_at_all_stays_in_its_range(name: str) -> None:
    x = Sampled(noise(precision="float16"), np.array([0.3]), RNG.choice([-1.0, 1.0], (32, 1)).astype(np.float32))
    x.delta = x.delta * np.float32(1e6 / x.noise.unit) if x.delta is not None else None
    y = x.activated(named(name))
    assert 0.4 < deviation(y)[0] * 2.0**-11 < 1.5
    assert y.delta is not None
    other = y.value + y.noise.unit * y.delta.astype(np.float64)
    rounding = y.noise.precision.unit_roundoff
    assert (named(name).function(np.array([-40.0])) - rounding <= other).all()
    assert (other <= 1 + rounding).all()


# --- estimates from few samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("differ", [0.0, 0.5, 3.0])
def test_pooled_variances_are_nearer_to_the_truth_than_each_alone(differ: float) -> None:
    rows, units, samples = 30, 20, 12
    log = differ * (RNG.standard_normal((rows, 1)) + RNG.standard_normal((1, units)))
    true = np.exp(log + 0.2 * differ * RNG.standard_normal((rows, units)))
    each = true * RNG.chisquare(samples, (rows, units)) / samples
    errors = [np.sqrt(np.mean(np.log(found / true) ** 2)) for found in (each, pooled(each, samples))]
    assert errors[1] < (0.5 if differ < 1 else 0.9) * errors[0], errors
    assert abs(np.log(pooled(each, samples) / true).mean()) < 0.1


def test_a_number_that_is_off_by_far_more_than_its_row_and_unit_is_not_taken_for_one_of_them() -> None:
    truth = np.ones((30, 20))
    truth[3, 4] = 1e6
    estimates = truth * RNG.chisquare(12, truth.shape) / 12
    assert pooled(estimates, 12)[3, 4] > 1e5


def test_what_is_exact_or_unknown_stays_so_and_does_not_disturb_the_rest() -> None:
    variance = RNG.chisquare(12, (10, 10)) / 12
    variance[0], variance[1, 0] = 0.0, np.inf
    found = pooled(variance, 12)
    assert (found[0] == 0).all()
    assert np.isinf(found[1, 0])
    assert (np.abs(np.log(found[2:])) < 1).all()


@pytest.mark.parametrize(("deviations", "freedom", "expected"), [(2.0, 5, 0.10194), (6.0, 24, 3.4073e-6)])
def test_tails_are_those_of_students_distribution(deviations: float, freedom: float, expected: float) -> None:
    assert_near(two_sided(deviations, freedom), expected, digits=3)


def test_with_many_samples_the_tail_is_the_normal_distributions() -> None:
    assert_near(two_sided(5.0, 1e7), 5.7330e-7, digits=3)
    assert two_sided(np.inf, 12) == 0.0
    assert_near(two_sided(0.0, 12), 1.0)


def test_what_underflows_may_be_multiplied_by_much_later() -> None:
    noise = Noise(Precision.of("float32"), 12, (0, 0))
    tiny, small, large = (Sampled.given(noise, np.array([value])) for value in (1e-30, 1e-10, 1e20))
    deviation = np.sqrt((tiny * small * large).variance()) * noise.unit
    assert deviation >= 2.0**-126 * 1e20, "an implementation that flushes the first product to 0 gives 0 for 1e-20"


def test_what_a_function_loses_where_numbers_are_subnormal_may_be_multiplied_by_much_later() -> None:
    x = Sampled.given(noise(), np.array([[1e-40]], np.float32).astype(np.float64))
    small, large = x.activated(named("tanh")) * 1e30, x.activated(named("sigmoid"))
    assert deviation(small)[0, 0] * 2.0**-24 >= 2.0**-126 * 1e30, "an implementation may flush it to 0"
    assert_near(
        deviation(large)[0, 0], deviation(Sampled.given(noise(), np.zeros((1, 1))).activated(named("sigmoid")))[0, 0]
    )
