"""What an implementation declares beside its cells, checked before anything is made of it: the optional attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from ..contract import attribute_of
from .declarations import Misdeclared, shown

_SIZES = ("batch", "time", "input", "hidden")
_MOST_SIZE, _MOST = 1000, 10_000


def check_attributes(implementation: Any) -> None:
    """Raises `Misdeclared` for an attribute that is not of its kind: which, what was expected, and what is there."""
    for attribute, (fits, expected) in _RULES.items():
        value = attribute_of(implementation, attribute)
        if not fits(value):
            raise Misdeclared(f"{attribute}: expected {expected}, got {shown(value)}")
    if not _is_mapping(implementation.versions):
        raise Misdeclared(f"versions: expected a mapping of packages to versions, got {shown(implementation.versions)}")


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) <= _MOST


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | Set) and not isinstance(value, str | bytes) and len(value) <= _MOST


def _holds_texts(value: Any) -> bool:
    return _is_sequence(value) and all(isinstance(each, str) for each in value)


def _maps_texts(value: Any) -> bool:
    return _is_mapping(value) and all(isinstance(each, str) for pair in value.items() for each in pair)


def _maps_options(value: Any) -> bool:
    return _is_mapping(value) and all(isinstance(name, str) and _is_sequence(its) for name, its in value.items())


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_method(value: Any) -> bool:
    return value is None or callable(value)


def _is_size(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _MOST_SIZE


def _is_length(value: Any) -> bool:
    return value is None or _is_size(value)


def _are_sizes(value: Any) -> bool:
    return value is None or (
        _is_mapping(value) and set(value) <= set(_SIZES) and all(_is_size(size) for size in value.values())
    )


_METHOD, _FLAG = "a method", "True or False"
_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "arithmetic": (_maps_texts, "a mapping of dtypes to the names of arithmetics"),
    "case_as_computed": (_is_method, _METHOD),
    "compiled_anew": (_maps_options, "a mapping of options to tuples of values"),
    "device": (lambda value: isinstance(value, str), "the name of a device"),
    "devices": (_holds_texts, "a tuple of the names of devices"),
    "drawing": (_is_method, _METHOD),
    "empty_batch": (_is_flag, _FLAG),
    "every_release": (lambda value: value is None or _is_sequence(value), "entries as in `cells`, or None"),
    "expensive": (_is_flag, _FLAG),
    "ignores_nan_padding": (_is_flag, _FLAG),
    "interface": (callable, _METHOD),
    "kernels": (_holds_texts, "a tuple of the names of implementations"),
    "layer": (_is_method, _METHOD),
    "longest_sequence": (_is_length, f"None, or an integer from 1 to {_MOST_SIZE}"),
    "prepare": (_is_method, _METHOD),
    "refused": (_is_sequence, "a tuple of entries"),
    "sizes": (_are_sizes, f"None, or a mapping of {', '.join(_SIZES)} to integers from 1 to {_MOST_SIZE}"),
    "stateful": (_is_method, _METHOD),
    "threads": (_is_flag, _FLAG),
}
"""Attribute to whether a value is of its kind, and the kind in words."""
