"""Mappings with the names that are due, and sequences of the length that is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..arrays import Array
from ..errors import InvalidArgument
from .arrays import floats, shaped
from .words import described


def mapping(name: str, value: Any, keys: Collection[str], *, others: bool = False) -> Mapping[str, Any]:
    """``value`` as a mapping with exactly these keys, or, with ``others``, with these and any others."""
    expected = f"a mapping with {'at least' if others else 'exactly'} the keys {', '.join(map(str, keys))}"
    if not isinstance(value, Mapping):
        raise InvalidArgument(name, expected=expected, got=described(value))
    if not (set(keys) <= set(value) if others else set(keys) == set(value)):
        got = f"the keys {', '.join(map(str, value)) or '(none)'}"
        raise InvalidArgument(name, expected=expected, got=got)
    return value


def some_of(name: str, value: Any, keys: Collection[str]) -> Mapping[str, Any]:
    """``value`` as a mapping with some of these keys and no others."""
    if not isinstance(value, Mapping) or not set(value) <= set(keys):
        known = ", ".join(map(str, keys)) or "none, as this run keeps nothing of the kind"
        got = f"the keys {', '.join(map(str, value))}" if isinstance(value, Mapping) else described(value)
        raise InvalidArgument(name, expected=f"a mapping with some of the keys {known}", got=got)
    return value


def names(name: str, value: Any) -> Mapping[str, Any]:
    """``value`` as a mapping whose keys are all names, whichever."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidArgument(name, expected="a mapping by names", got=described(value))
    return value


def named_floats(name: str, value: Any, *, check_finite: bool = True) -> dict[str, Array]:
    """Arrays of floats by name, whichever names and shapes."""
    return {
        key: floats(f"{name}[{key!r}]", array, check_finite=check_finite) for key, array in names(name, value).items()
    }


def shaped_arrays(
    name: str,
    value: Any,
    shapes: Mapping[str, Sequence[int]],
    *,
    dtype: Any = None,
    check_finite: bool = True,
    source: str = "x",
) -> dict[str, Array]:
    """Exactly the arrays of these names, each in its shape, in this order."""
    given = mapping(name, value, shapes)
    options: dict[str, Any] = {"dtype": dtype, "check_finite": check_finite, "source": source}
    return {key: shaped(f"{name}[{key!r}]", given[key], shape, **options) for key, shape in shapes.items()}


def sequence(name: str, value: Any, expected: str, length: int | None = None) -> Sequence[Any]:
    """``value`` as a list or tuple, of that length."""
    if not isinstance(value, list | tuple) or length not in (None, len(value)):
        raise InvalidArgument(name, expected=expected, got=described(value))
    return value
