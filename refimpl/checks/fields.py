"""The checks of a dataclass, one for each of its fields, and what such a check can be made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from ..errors import InvalidArgument
from .scalars import count, number, one_of
from .words import described

Check = Callable[[str, Any], Any]
"""From an argument's name and what came to what the oracle computes with; or `InvalidArgument`."""


def fields(owner: Any, **checks: Check) -> None:
    """Checks each field of a frozen dataclass, and keeps what the check returns."""
    for name, check in checks.items():
        object.__setattr__(owner, name, check(name, getattr(owner, name)))


def optional(check: Check) -> Check:
    """None, or what the check lets through."""
    return lambda name, value: None if value is None else check(name, value)


def between(least: float, most: float) -> Check:
    """A number from ``least`` to ``most``."""
    return lambda name, value: number(
        name, value, least=least, most=most, expected=f"a number from {least:g} to {most:g}"
    )


def at_least(least: float) -> Check:
    """A finite number, ``least`` or more."""
    expected = f"a finite number, {least:g} or more"
    return lambda name, value: number(name, value, least=least, most=math.inf, expected=expected)


def integer(least: int, most: int) -> Check:
    """An integer from ``least`` to ``most``."""

    def check(name: str, value: Any) -> int:
        expected = f"an integer from {least} to {most}"
        found = count(name, value, least=least, expected=expected)
        if found > most:
            raise InvalidArgument(name, expected=expected, got=described(value))
        return found

    return check


def word(*allowed: str) -> Check:
    """One of the words."""
    return lambda name, value: one_of(name, value, allowed)


def instance(name: str, value: Any, kinds: Any, expected: str) -> Any:
    """An object of one of these classes."""
    if not isinstance(value, kinds):
        raise InvalidArgument(name, expected=expected, got=described(value))
    return value


def has(name: str, value: Any, attributes: Collection[str], expected: str) -> Any:
    """An object, and no class, with these attributes."""
    if isinstance(value, type) or not all(hasattr(value, attribute) for attribute in attributes):
        raise InvalidArgument(name, expected=expected, got=described(value))
    return value


def function(name: str, value: Any) -> Any:
    """What can be called; None where there is none."""
    if value is not None and (not callable(value) or isinstance(value, type)):
        raise InvalidArgument(name, expected="a function or None", got=described(value))
    return value
