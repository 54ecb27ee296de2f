"""Activations by hand: simple values, slopes at kinks, jumps, clipping; and how they are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .. import InvalidArgument
from ..activations import FAMILIES, clip, clipped, named
from ..precision import Precision
from ..rounded import Rounded
from .activation_definitions import ALL
from .support import assert_same

each_activation = pytest.mark.parametrize("name", ALL)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])

HAND_VALUES: list[tuple[str, list[float], list[float]]] = [
    ("hard_sigmoid", [-4, -3, -1.5, 0, 1.5, 3, 4], [0, 0, 0.25, 0.5, 0.75, 1, 1]),
    ("hard_sigmoid_keras2", [-3, -2.5, -1.25, 0, 1.25, 2.5, 3], [0, 0, 0.25, 0.5, 0.75, 1, 1]),
    ("hard_sigmoid(0.25,0.5)", [-3, -2, -1, 0, 1, 2, 3], [0, 0, 0.25, 0.5, 0.75, 1, 1]),
    ("hard_sigmoid(0.25,0.5,0.875)", [-3, -1, 0, 1, 1.5, 3], [0, 0.25, 0.5, 0.75, 0.875, 0.875]),
    ("relu", [-2, -0.0, 0, 3], [0, 0, 0, 3]),
    ("relu6", [-2, 0, 3, 6, 7], [0, 0, 3, 6, 6]),
    ("relu(0.5,2,1)", [-1, 1, 1.5, 2, 3], [-1, 0, 1.5, 2, 2]),
    ("linear", [-2, 0, 3], [-2, 0, 3]),
    ("affine(2,-1)", [-2, 0, 3], [-5, -1, 5]),
    ("tanh", [0, -30, 30], [0, -1, 1]),
    ("scaled_tanh(3,2)", [0, -30, 30], [0, -3, 3]),
    ("sigmoid", [0, 40], [0.5, 1]),
    ("hard_tanh", [-2, -1, 0.5, 1, 2], [-1, -1, 0.5, 1, 1]),
    ("hard_silu", [-4, -3, -1.5, 0, 1.5, 3, 4], [0, 0, -0.375, 0, 1.125, 3, 4]),
    ("sparse_plus", [-2, -1, 0, 1, 2], [0, 0, 0.25, 1, 2]),
    ("sparse_sigmoid", [-2, -1, 0, 0.5, 1, 2], [0, 0, 0.5, 0.75, 1, 1]),
    ("exponential", [0, -2000], [1, 0]),
    ("leaky_relu", [-5, 0, 3], [-1, 0, 3]),
    ("leaky_relu(0.5)", [-5, 0, 3], [-2.5, 0, 3]),
    ("elu", [-100, 0, 3], [-1, 0, 3]),
    ("elu(2)", [-100, 0, 3], [-2, 0, 3]),
    ("celu(2)", [-200, 0, 3], [-2, 0, 3]),
    ("hard_shrink", [-1, -0.5, 0.25, 0.5, 1], [-1, 0, 0, 0, 1]),
    ("soft_shrink", [-1, -0.5, 0.25, 0.5, 1], [-0.5, 0, 0, 0, 0.5]),
    ("softsign", [-3, -1, 0, 1], [-0.75, -0.5, 0, 0.5]),
    ("squareplus", [0, 1.5], [1, 2]),
    ("threshold(1,-2)", [0, 1, 1.5], [-2, -2, 1.5]),
    ("thresholded_relu(1)", [0, 1, 1.5], [0, 0, 1.5]),
    ("gelu", [0, -50, 50], [0, 0, 50]),
    ("gelu_tanh", [0, -50, 50], [0, 0, 50]),
    ("silu", [0, -800, 50], [0, 0, 50]),
    ("mish", [0, -800, 50], [0, 0, 50]),
    ("tanh_shrink", [0, -50, 50], [0, -49, 49]),
    ("softplus", [-800, 800], [0, 800]),
    ("log_sigmoid", [-800, 800], [-800, 0]),
]


@pytest.mark.parametrize(("name", "x", "expected"), HAND_VALUES)
@each_dtype
def test_hand_values_hold_exactly(name: str, x: list[float], expected: list[float], dtype: Any) -> None:
    assert_same(f"{name} {dtype}", {"f": named(name)(np.array(x, dtype))}, {"f": expected})


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("relu", [0.0, -0.0, -9, 0.5], [0, 0, 0, 1]),
        ("hard_sigmoid", [-3, 3, -9, 0.5], [0, 0, 0, 1 / 6]),
        ("hard_sigmoid_keras2", [-2.5, 2.5, -9, 0.5], [0, 0, 0, 1 / 5]),
        ("hard_sigmoid(0.25,0.5)", [-2, 2, -9, 0.5], [0, 0, 0, 0.25]),
        ("hard_sigmoid(0.25,0.5,0.875)", [-2, 1.5, 9, 0.5], [0, 0, 0, 0.25]),
        ("relu6", [0, 6, 9, 0.5], [0, 0, 0, 1]),
        ("hard_tanh", [-1, 1, 9, 0.5], [0, 0, 0, 1]),
        ("sparse_sigmoid", [-1, 1, 9, 0.5], [0, 0, 0, 0.5]),
        ("leaky_relu(0.25)", [0.0, -2, 2], [0.25, 0.25, 1]),
        ("elu(2)", [0.0, -800, 2], [2, 0, 1]),
        ("selu", [0.0, 2], [1.6732632423543772 * 1.0507009873554805, 1.0507009873554805]),
        ("hard_shrink", [-0.5, 0.5, 0.25, -1, 1], [0, 0, 0, 1, 1]),
        ("soft_shrink", [-0.5, 0.5, 0.25, -1, 1], [0, 0, 0, 1, 1]),
        ("threshold(1,2)", [1, 0, 2, 3], [0, 0, 1, 1]),
        ("thresholded_relu(1)", [1, 0, 2], [0, 0, 1]),
        ("relu(0.5,2,1)", [1, 0, 1.5, 3], [0.5, 0.5, 1, 0]),
        ("hard_silu", [-3, -4, 3, 4, 0], [0, 0, 1, 1, 0.5]),
        ("sparse_plus", [-2, -1, 0, 1, 2], [0, 0, 0.5, 1, 1]),
        ("affine(2,-1)", [-2, 3], [2, 2]),
    ],
)
def test_slopes_at_kinks_and_beside_them(name: str, x: list[float], expected: list[float]) -> None:
    f, at = named(name), np.array(x, np.float64)
    assert_same(name, {"derivative": f.derivative(f(at), at)}, {"derivative": expected})


@pytest.mark.parametrize(
    ("name", "at", "height"),
    [("hard_shrink", 0.5, 0.5), ("threshold(1,-2)", 1.0, 3.0), ("thresholded_relu(1)", 1.0, 1.0)],
)
def test_within_reach_of_a_jump_either_value_is_right(name: str, at: float, height: float) -> None:
    f, precision = named(name), Precision.of(np.float32)
    for distance, reached in [(2.0**-7, True), (0.25, False)]:
        for side in (-1, 1):
            parts = (2.0**16, -(2.0**16), at + side * distance)
            x = sum(
                (Rounded.given(precision, np.array([part])) for part in parts[1:]),
                Rounded.given(precision, np.array([parts[0]])),
            )
            error, slope_error = x.activated(f).bound[0], f.derivative(x.activated(f), x).bound[0]
            assert (distance < x.bound[0]) == reached
            assert (error >= height, slope_error >= 1) == (reached, reached), f"{name} at {at} {side * distance:+}"
            assert error <= height + 0.1 if reached else error <= 0.1


def test_clip_is_the_identity_strictly_within_its_limit() -> None:
    f, x = clip(2.5), np.array([-9, -2.5, -2, 0, 2, 2.5, 9])
    assert_same(
        "clip",
        {"y": f(x), "slope": f.derivative(f(x), None)},
        {"y": [-2.5, -2.5, -2, 0, 2, 2.5, 2.5], "slope": [0, 0, 1, 1, 1, 0, 0]},
    )


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_shrink", "elu(2)"])
def test_a_clipped_activation_is_the_activation_of_what_was_clipped(name: str) -> None:
    f, g, x = named(name), clipped(named(name), 1.5), np.array([-9, -1.5, -1.25, 0.25, 1.0, 1.5, 9])
    inside = np.array([0, 0, 1, 1, 1, 0, 0])
    kept = np.clip(x, -1.5, 1.5)
    found = {"y": g(x), "slope": g.derivative(g(x), x)}
    assert_same(name, found, {"y": f(kept), "slope": f.derivative(f(kept), kept) * inside})
    assert_same(name, {"steepest": g.steepest(x, x + 0.5)[[0, -1]]}, {"steepest": [0, 0]})


@each_activation
def test_a_name_without_numbers_means_the_default_numbers(name: str) -> None:
    if name in FAMILIES and all(p.default is not None for p in FAMILIES[name][1]):
        written = f" {name} ( {' , '.join(str(p.default) for p in FAMILIES[name][1])} ) "
        x = np.linspace(-8, 8, 65)
        assert_same(name, {"f": named(written)(x)}, {"f": named(name)(x)})


def test_keras_other_names_are_known() -> None:
    assert (named("swish").name, named("hard_swish").name) == ("silu", "hard_silu")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("softmax", r"activation: expected one of tanh, .*'softmax'"),
        ("", r"activation: expected one of tanh, .*''"),
        (None, r"activation: expected one of tanh, .*None"),
        ("tanh(2)", r"expected numbers only for one of affine, .*'tanh\(2\)'"),
        ("affine", r"expected one of .*affine\(…\).*'affine'"),
        ("affine(1)", r"expected affine\(alpha \(a finite number\), beta \(a finite number\)\), got 'affine\(1\)'"),
        ("affine(1,2,3)", r"expected affine\("),
        ("hard_sigmoid(1,2,0)", r"max_value=1 \(a number above 0\)"),
        ("affine(1,inf)", r"expected affine\("),
        ("affine(1,nan)", r"expected affine\("),
        ("elu()", r"expected elu\(alpha=1 \(a number from 0\)\)"),
        ("elu(one)", r"expected elu\("),
        ("elu(-1)", r"expected elu\(alpha=1 \(a number from 0\)\)"),
        ("celu(0)", r"expected celu\(alpha=1 \(a number above 0\)\)"),
        ("leaky_relu(-0.1)", r"expected leaky_relu\(negative_slope=0.2 \(a number from 0\)\)"),
        ("elu(1", r"expected one of tanh"),
    ],
)
def test_what_is_no_activation_is_refused_by_name(name: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        named(name)
