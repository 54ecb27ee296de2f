"""The grammar of bad values for an array: other shapes, other dtypes, other ways to write it, and what is no array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .bad_kinds import FINE, HUGE, REFUSE, SAME, SIZE, Bad, Freedom, each


class Hostile:
    """What claims to be an array, and raises when it is read as one."""

    shape = (2, 3)
    dtype = np.dtype(np.float64)
    ndim = 2

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("this array cannot be read")


class Foreign:
    """A table of another library: it takes part in NumPy's functions, and is none of its arrays."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("this table does not take part")


def bad_arrays(value: Any, freedom: Freedom) -> Iterator[Bad]:
    """Everything that the grammar has in place of a valid array."""
    yield from _of_another_shape(value, freedom)
    yield from _of_another_dtype(value)
    yield from _written_otherwise(value)
    if value.dtype.kind == "f" and value.size:
        for number in (np.nan, np.inf, -np.inf):
            spoilt = value.copy()
            spoilt[(-1,) * value.ndim] = number
            yield Bad("not finite", spoilt, FINE if freedom.nan else REFUSE)
    if value.dtype.kind in "iu" and value.size:
        for number in (-1, np.iinfo(value.dtype).max, np.iinfo(value.dtype).min):
            spoilt = value.copy()
            spoilt[(-1,) * value.ndim] = number
            yield Bad("out of range", spoilt, REFUSE)
    holed = value.tolist()
    if value.ndim and value.size:
        row = holed
        for _ in range(value.ndim - 1):
            row = row[0]
        row[0] = None
        yield Bad("list with a hole", holed, REFUSE)
    endless: list[Any] = []
    endless.append(endless)
    numbers = FINE if freedom.ranks or not value.ndim else REFUSE
    yield from each("no array", numbers, 3, 0.5)
    yield from each("no array", REFUSE, "abc", None, {}, {"kernel": value}, endless, Hostile(), Foreign(), type(value))
    yield Bad("no array", lambda: value, REFUSE)


def _of_another_shape(value: Any, freedom: Freedom) -> Iterator[Bad]:
    rank = FINE if freedom.ranks else SIZE
    yield Bad("another rank", value[None], rank)
    yield Bad("another rank", value[..., None], rank)
    if value.ndim:
        yield Bad("another rank", value.reshape(-1)[0], rank)
        yield Bad("ragged list", [*value.tolist(), []], REFUSE)
    if value.ndim > 1:
        yield Bad("another rank", value[0], rank)
        yield Bad("another rank", value.reshape(-1), rank)
    if value.T.shape != value.shape:
        yield Bad("transposed", value.T, FINE if freedom.ranks or len(freedom.axes) == value.ndim else SIZE)
    for axis, size in enumerate(value.shape):
        verdict = FINE if axis in freedom.axes else SIZE
        yield Bad("too long", np.concatenate([value, value.take([0], axis)], axis), verdict)
        yield Bad("none at all", value.take([], axis), verdict)
        if size > 1:
            yield Bad("too short", value.take(range(size - 1), axis), verdict)
            yield Bad("one that broadcasts", value.take([0], axis), verdict)
        for huge in (HUGE, 2**50):
            shape = [*value.shape]
            shape[axis] = huge // max(1, value.size)
            yield Bad("huge view", np.broadcast_to(value.reshape(-1)[:1].reshape((1,) * value.ndim), shape), REFUSE)


def _of_another_dtype(value: Any) -> Iterator[Bad]:
    for dtype in ("?", "i1", "u1", "i4", "i8", "u8", "e", "f", "d", "g", f"{value.dtype.newbyteorder('S').str}", "O"):
        with np.errstate(all="ignore"):
            cast = value.astype(dtype)
            equal = cast.shape == value.shape and bool((cast == value).all())
        floats = value.dtype.kind == cast.dtype.kind == "f"
        yield Bad(f"cast to {cast.dtype.name}", cast, FINE if floats else SAME if equal else REFUSE)
    yield Bad("complex", value + 0.5j, REFUSE)
    yield Bad("complex", value.astype(complex), REFUSE)
    yield Bad("strings", value.astype(str), REFUSE)
    yield Bad("dates", np.zeros(value.shape, "M8[s]"), REFUSE)
    yield Bad("records", np.zeros(value.shape, [("a", "f8")]), REFUSE)
    for name, element in (("None", None), ("strings", "0.5"), ("lists", [1.0]), ("bools", True), ("complex", 1j)):
        objects = np.empty(value.shape, object)
        for index in np.ndindex(value.shape):
            objects[index] = element
        yield Bad(f"objects that are {name}", objects, REFUSE)


def _written_otherwise(value: Any) -> Iterator[Bad]:
    yield Bad("list", value.tolist(), SAME)
    yield Bad("Fortran order", np.asfortranarray(value), SAME)
    frozen = value.copy()
    frozen.flags.writeable = False
    yield Bad("read-only", frozen, SAME)
    if value.ndim:
        wide = np.repeat(value, 2, axis=-1)
        yield Bad("with gaps", wide[..., ::2], SAME)
        yield Bad("backwards in memory", value[::-1].copy()[::-1], SAME)
    if value.ndim == 2:
        yield Bad("matrix", value.view(np.matrix), SAME)
    hidden = np.zeros(value.shape, bool)
    hidden[(-1,) * value.ndim] = bool(value.size)
    yield Bad("masked array", np.ma.MaskedArray(value, hidden), REFUSE)
    yield Bad("masked array", np.ma.MaskedArray(value), SAME)
