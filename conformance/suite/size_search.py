"""From which size on a case fails: the sizes are made smaller one by one, each by bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.cases.classes.sizes import NAMES, Shape, least_sizes
from conformance.cases.option_space import Combination
from conformance.judging.divergences import Disagreement

Fails = Callable[[Shape], Disagreement | None]
_ONE_OF = {"units": "unit", "batch": "row", "time": "step", "input": "input"}
_MANY_OF = {"units": "units", "batch": "rows", "time": "steps", "input": "inputs"}


def smallest_failing(shape: Shape, combination: Combination, fails: Fails) -> tuple[str, Disagreement | None]:
    """In words from which sizes on a case fails, and what is wrong at the smallest.

    shape         sizes at which it fails
    fails(shape)  what is wrong at other sizes; None where they agree
    """
    error, least = fails(shape), least_sizes(combination)
    for name in reversed(NAMES):
        smaller = replace(shape, **{name: least[name]})
        if found := fails(smaller):
            shape, error = smaller, found
    told = []
    for name in NAMES:
        if shape.sizes[name] == least[name]:
            continue
        shape, found = _bisected(shape, name, least[name], fails)
        error, size = found or error, shape.sizes[name]
        next_agrees = fails(replace(shape, **{name: size + 1})) is None
        told.append(
            f"with {_count(name, size)}; {size - 1} and {size + 1} agree"
            if next_agrees
            else f"from {_count(name, size)} on; {size - 1} agree"
        )
    return ", and ".join(told) or "at every size", error


def _bisected(shape: Shape, name: str, agreeing: int, fails: Fails) -> tuple[Shape, Disagreement | None]:
    """The shape with the least size between one that agrees and its own at which it fails, where the size before does
    not; and what is wrong there, None at the shape that was given."""
    error = None
    while shape.sizes[name] - agreeing > 1:
        middle = (shape.sizes[name] + agreeing) // 2
        found = fails(replace(shape, **{name: middle}))
        if found is None:
            agreeing = middle
        else:
            shape, error = replace(shape, **{name: middle}), found
    return shape, error


def _count(name: str, size: int) -> str:
    return f"{size} {_ONE_OF[name] if size == 1 else _MANY_OF[name]}"
