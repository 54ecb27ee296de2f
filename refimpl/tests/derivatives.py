"""Is every gradient the derivative? In exact arithmetic, so that the answer is yes or no, with no tolerance.

The forward pass runs on dual fractions whose slopes form a direction in the space of all inputs: the slope of
the loss ``sum(d_outputs * outputs) + sum(d_state * state)`` is its exact derivative along it (`dual`).
`backward` runs on fractions, and its gradients times the direction must add up to that number. The entries of
the direction are all different, so one wrong element shows; a failure then names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from .. import AnyRun, backward, forward
from .dual import duals, slopes, values
from .support import Example, assert_same, parts


def run(e: Example, direction: Mapping[str, Any], **options: Any) -> AnyRun:
    """The example's forward run on dual fractions, with the direction (0 where it says nothing) as slopes."""

    def exact(name: str, array: Any) -> Any:
        return duals(Fraction, array, direction.get(name, 0.0))

    params = {name: exact(f"params[{name!r}]", array) for name, array in e.params.items()}
    state = tuple(exact(f"initial_state[{k}]", part) for k, part in enumerate(e.initial_state))
    if options.get("dropout"):
        options["dropout"] = {name: duals(Fraction, factors) for name, factors in options["dropout"].items()}
    return forward(e.cell, params, exact("x", e.x), state, **options)


def gradients(e: Example, **options: Any) -> dict[str, Any]:
    d_state = tuple(duals(Fraction, d) for d in e.d_state)
    over = run(e, {}, **options)
    found = backward(over, duals(Fraction, e.d_outputs[:, : over.outputs.shape[1]]), d_state)
    return {name: values(d) for name, d in parts(found).items()}


def derivative(e: Example, direction: Mapping[str, Any], **options: Any) -> Fraction:
    moved = run(e, direction, **options)
    pairs = [(e.d_outputs[:, : moved.outputs.shape[1]], moved.outputs), *zip(e.d_state, moved.state, strict=True)]
    exactly = [(values(duals(Fraction, d)), slopes(array)) for d, array in pairs]
    return sum(((d * slope).sum() for d, slope in exactly), Fraction(0))


def along(found: Mapping[str, Any], direction: Mapping[str, Any]) -> Fraction:
    """The gradients times the direction."""
    products = (found[name] * values(duals(Fraction, d)) for name, d in direction.items())
    return sum((product.sum() for product in products), Fraction(0))


def assert_derivatives_match(e: Example, **options: Any) -> None:
    found = gradients(e, **options)
    entries = iter(np.random.default_rng(11).permutation(1000) + 1.0)
    direction = {name: np.reshape([next(entries) for _ in d.flat], d.shape) for name, d in found.items()}
    if along(found, direction) == derivative(e, direction, **options):
        return
    for name, entry in direction.items():
        if along(found, {name: entry}) != derivative(e, {name: entry}, **options):
            where = first_wrong(e, found, name, entry, **options)
            unit = {name: np.zeros(entry.shape)}
            unit[name][where] = 1
            element = f"{name}{list(map(int, where))}"
            got, expected = found[name][where], derivative(e, unit, **options)
            assert_same(f"{e.case} {options}", {element: got}, {element: expected})
    pytest.fail(f"{e.case} {options}: gradients right one by one, wrong together")


def first_wrong(e: Example, found: Mapping[str, Any], name: str, entry: Any, **options: Any) -> Any:
    """The index of the first wrong element of one gradient, by halving the direction."""
    low, high = 0, entry.size
    while high - low > 1:
        middle = (low + high) // 2
        inside = (np.arange(entry.size) >= low) & (np.arange(entry.size) < middle)
        half = {name: np.where(inside.reshape(entry.shape), entry, 0)}
        right = along(found, half) == derivative(e, half, **options)
        low, high = (middle, high) if right else (low, middle)
    return np.unravel_index(low, entry.shape)
