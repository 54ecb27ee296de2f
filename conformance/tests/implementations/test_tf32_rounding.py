"""The rule by which factors are rounded to TF32 is read off products: each rule is told from the others."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ...implementations.pytorch import tf32_rounding as tf32  # noqa: E402  # after the framework was found


@pytest.mark.parametrize("name", tf32.RULES)
def test_each_rule_is_recognised_by_its_products(name: str) -> None:
    x = tf32.points()
    assert tf32.rule_of(tf32.RULES[name](x), x) == name


def test_rules_agree_with_the_arithmetic_of_the_binary_digits() -> None:
    unit = 2.0**-10
    x = np.array([1 + 0.5 * unit, 1 + 1.5 * unit, -(1 + 0.75 * unit)], np.float32)
    assert tf32.cut(x).tolist() == [1.0, 1 + unit, -1.0]
    assert tf32.nearest_ties_away(x).tolist() == [1 + unit, 1 + 2 * unit, -(1 + unit)]
    assert tf32.nearest_ties_to_even(x).tolist() == [1.0, 1 + 2 * unit, -(1 + unit)]


def test_products_that_follow_no_rule_are_not_given_one() -> None:
    x = tf32.points()
    products = tf32.cut(x)
    products[7] = np.nextafter(products[7], np.float32(np.inf))
    assert tf32.rule_of(products, x) == "none of these rules"


@pytest.mark.parametrize("multiply", [tf32.by_matrix_product, tf32.by_layer])
def test_a_cpu_does_not_round_factors(multiply: object) -> None:
    x = tf32.points()
    assert callable(multiply)
    assert tf32.rule_of(multiply(x, "cpu"), x) == "not rounded"
