"""The grammar of bad values: what may stand in a call in place of a valid argument, and what must then come of it.

`bad_values` looks at the valid argument and yields `Bad` ones of every kind that fits it, each with a verdict:

refuse   nothing but `InvalidArgument` is right
size     the same where nothing else in the call is changed: two changed sizes may fit each other
same     another way to write the valid argument: refused, or the answer is the same
fine     another argument that may be valid: refused, or an answer in the same dtypes, without NaN or infinity
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from .bad_arrays import bad_arrays
from .bad_kinds import FINE, HUGE, REFUSE, SAME, SIZE, Bad, Freedom, each


def bad_values(value: Any, freedom: Freedom) -> list[Bad]:
    """Everything that the grammar has in place of a valid value."""
    found = list(_of(value, freedom))
    if freedom.any:
        found = [Bad(bad.kind, bad.value, FINE if bad.verdict in (REFUSE, SIZE) else bad.verdict) for bad in found]
    if freedom.none:
        found = [Bad(bad.kind, bad.value, FINE if bad.value is None else bad.verdict) for bad in found]
    return found


def _of(value: Any, freedom: Freedom) -> Iterator[Bad]:
    if isinstance(value, np.ndarray):
        yield from bad_arrays(value, freedom)
    elif isinstance(value, bool):
        yield from _flags(value)
    elif isinstance(value, int):
        yield from _counts(value, freedom)
    elif isinstance(value, float):
        yield from _numbers(value, freedom)
    elif isinstance(value, str):
        yield from _words(value)
    elif isinstance(value, type | np.dtype):
        yield from _dtypes(value)
    elif isinstance(value, Mapping):
        yield from _mappings(value, freedom)
    elif isinstance(value, list | tuple):
        yield from _sequences(value, freedom)
    elif isinstance(value, Callable) and not is_dataclass(value):  # type: ignore[arg-type]
        yield from each("no function", REFUSE, 3, "mean", [], np.ones(3))
    else:
        yield from _objects(value)
    yield from each("foreign object", REFUSE, object(), SimpleNamespace(shape=(2,)), {1, 2}, b"12")


def _objects(value: Any) -> Iterator[Bad]:
    yield from each("another object", REFUSE, "LSTM", 3, 0.5, {}, [], np.ones((2, 3)), type(value), [value])
    yield Bad("no object", None, REFUSE)
    if is_dataclass(value):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        yield Bad("lookalike", SimpleNamespace(**parts), REFUSE)


def _flags(value: bool) -> Iterator[Bad]:
    yield Bad("NumPy's bool", np.bool_(value), SAME)
    yield from each(
        "no flag", REFUSE, int(value), "yes", None, 2, 0.0, float("nan"), [], np.array(value), np.array([value] * 2)
    )


def _counts(value: int, freedom: Freedom) -> Iterator[Bad]:
    for kind in (np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64):
        if np.iinfo(kind).min <= value <= np.iinfo(kind).max:
            yield Bad("NumPy's integer", kind(value), SAME)
    yield Bad("array for an integer", np.array(value), SAME)
    yield from each(
        "no integer", REFUSE, True, np.True_, float(value), value + 0.5, np.float64(value), float("nan"), float("inf")
    )
    yield from each(
        "no integer",
        REFUSE,
        str(value),
        None,
        3j,
        [value],
        np.array([value]),
        Fraction(value),
        Decimal(value),
        np.complex64(1),
    )
    yield from each("negative", REFUSE, -1, np.int64(-3), -(2**70))
    yield Bad("zero", 0, FINE)
    if not freedom.endless:
        yield from each("huge", FINE, HUGE, 2**40, 2**63, 10**30, np.int64(2**40), np.uint64(2**63))


def _numbers(value: float, freedom: Freedom) -> Iterator[Bad]:
    for kind in (np.float64, np.longdouble, np.float32, np.float16):
        yield Bad("NumPy's number", kind(value), SAME if float(kind(value)) == value else FINE)
    yield from each("another number", SAME, np.array(value), Fraction(value), Decimal(value))
    yield from each(
        "not finite", FINE if freedom.nan else REFUSE, float("nan"), np.float32("nan"), float("inf"), -float("inf")
    )
    yield from each(
        "no number", REFUSE, True, np.True_, str(value), None, complex(value, 1.0), [value], np.array([value]), "", {}
    )
    yield from each("another number", FINE, -value - 1.0, 0, 1, 1.5, 10**400, 5e-324, np.uint8(1))


def _words(value: str) -> Iterator[Bad]:
    yield Bad("NumPy's string", np.str_(value), SAME)
    yield Bad("with a space", f" {value}", FINE)
    for bad in (value.upper() + "_", "", "nonsense", "[/red]", f"{value}(", f"{value}(nan)", "x" * 10**5):
        yield Bad("misspelt", bad, REFUSE)
    yield from each(
        "no word", REFUSE, None, 3, True, value.encode(), [value], {value: 1}, np.array([value]), float("nan")
    )


def _dtypes(value: Any) -> Iterator[Bad]:
    yield Bad("dtype", np.dtype(value), SAME)
    yield Bad("name of a dtype", np.dtype(value).name, SAME)
    yield from each(
        "another dtype",
        REFUSE,
        complex,
        object,
        str,
        bool,
        "nonsense",
        3,
        None,
        [],
        np.zeros(3),
        "O",
        "U3",
        "float8",
        {"a": 1},
        "f,f",
    )


def _mappings(value: Mapping[Any, Any], freedom: Freedom) -> Iterator[Bad]:
    yield Bad("another mapping", MappingProxyType(dict(value)), SAME)
    yield Bad("keys in another order", dict(reversed(list(value.items()))), SAME)
    further = FINE if freedom.keys or freedom.names else REFUSE
    fewer = FINE if freedom.fewer or freedom.names else REFUSE
    yield Bad("extra name", {**value, "gamma": np.ones(3)}, further)
    yield Bad("extra key that is no name", {**value, 3: np.ones(3)}, FINE if freedom.keys else REFUSE)
    yield from each(
        "no mapping", REFUSE, list(value.values()), list(value.items()), None, 3, "kernel", np.ones((2, 3)), list(value)
    )
    if value:
        yield Bad("no names", {}, fewer)
    for key in value:
        rest = {name: part for name, part in value.items() if name != key}
        yield Bad("missing name", rest, fewer)
        yield Bad("misspelt name", {**rest, f"{key}s": value[key]}, FINE if freedom.names else REFUSE)
        yield from (
            Bad(f"{bad.kind}, inside", {**rest, key: bad.value} if len(rest) else {key: bad.value}, bad.verdict)
            for bad in _of(value[key], freedom)
        )


def _sequences(value: Any, freedom: Freedom) -> Iterator[Bad]:
    kind = type(value)
    yield Bad("another sequence", list(value) if kind is tuple else tuple(value), SAME)
    yield from each("no sequence", REFUSE, None, 3, "state", {}, dict(enumerate(value)), 0.5, np.float64(3), object)
    if value:
        yield Bad("too few", value[:-1], FINE if freedom.fewer else SIZE)
        yield Bad("too many", kind((*value, value[-1])), SIZE)
        yield Bad("hole", kind((None, *value[1:])), FINE if freedom.none else REFUSE)
        yield Bad("nested", kind((value,)), REFUSE)
        yield Bad("a generator", (part for part in list(value)), REFUSE)
    for k, part in enumerate(value):
        for bad in _of(part, freedom):
            verdict = FINE if bad.value is None and freedom.none else bad.verdict
            yield Bad(f"{bad.kind}, inside", kind((*value[:k], bad.value, *value[k + 1 :])), verdict)
