"""Arrays: shape, dtype, size and values, in this order, so that nothing is computed with what is too large."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import InvalidArgument
from .words import described

MOST_NUMBERS = 2**31
"""How many numbers an array has at most. A view of one number can claim any shape, and would be computed in full."""

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_MOVED = ("float64", "float32", "float16", "bfloat16")  # the last of these is a dtype of other packages
_DTYPES = (*_FLOATS, np.dtype(object))
_NO_NUMBERS = (float, complex, np.generic, np.ndarray, bool, type)  # among exact numbers, what rounds, and what is none
_FINITE = "finite values (or check_finite=False)"


def carries_its_own_arithmetic(value: Any) -> bool:
    """Whether it is no array of NumPy's but computes as one, such as `rounded.Rounded`."""
    return getattr(type(value), "__array_ufunc__", NotImplemented) is None


def as_array(name: str, value: Any) -> Array:
    """``value`` as an array, without a copy where it is one; what carries its own arithmetic as it is.

    Raises `InvalidArgument` for what NumPy cannot read, a masked array (its mask would be lost), and too many numbers.
    """
    if type(value) is np.ndarray and value.size <= MOST_NUMBERS:  # most are
        return value
    if carries_its_own_arithmetic(value):
        return value
    if isinstance(value, np.ma.MaskedArray) or (
        isinstance(value, list | tuple) and any(isinstance(part, np.ma.MaskedArray) for part in value)
    ):
        raise InvalidArgument(name, expected="an array without a mask, which would be lost", got=described(value))
    try:
        found = np.asarray(value)
    except Exception as error:  # whatever a foreign object, a ragged or an endless list makes NumPy raise
        raise InvalidArgument(name, expected="an array, or lists of equal lengths", got=f"{error!s:.200}") from None
    if found.size > MOST_NUMBERS:
        raise InvalidArgument(name, expected=f"at most {MOST_NUMBERS} numbers", got=described(found))
    return found


def fits_in_memory(name: str, shape: Sequence[int]) -> None:
    """Refuses to make an array of so many numbers."""
    if math.prod(shape) > MOST_NUMBERS:
        raise InvalidArgument(name, expected=f"at most {MOST_NUMBERS} numbers", got=f"shape {tuple(shape)}")


def array(
    name: str,
    value: Any,
    axes: Mapping[str, int | None],
    *,
    dtype: Any = None,
    check_finite: bool = True,
    source: str = "x",
) -> Array:
    """``value`` as an array with the named axes, in that order; a size of None matches any size.

    Raises `InvalidArgument` for another rank or size, for a dtype that is not float64, float32 or
    object, for another dtype than ``dtype``, which is that of ``source``, and, with ``check_finite``, for NaN and
    infinity.
    """
    found = as_array(name, value)
    if not _fits(found.shape, tuple(axes.values())):
        sizes = ", ".join(axis if size is None else f"{axis}={size}" for axis, size in axes.items())
        raise InvalidArgument(name, expected=f"shape ({sizes})", got=f"shape {found.shape}")
    return _numbers(name, found, dtype, check_finite, source)


def shaped(
    name: str, value: Any, shape: Sequence[int], *, dtype: Any = None, check_finite: bool = True, source: str = "x"
) -> Array:
    """`array` of exactly that shape."""
    found = as_array(name, value)
    if found.shape == tuple(shape):
        return _numbers(name, found, dtype, check_finite, source)
    axes = {f"axis {k}": size for k, size in enumerate(shape)}
    return array(name, value, axes, dtype=dtype, check_finite=check_finite, source=source)


def floats(
    name: str,
    value: Any,
    *,
    least_rank: int = 0,
    last: int | None = None,
    check_finite: bool = True,
    objects: bool = True,
) -> Array:
    """`array` of any shape, but of ``least_rank`` axes at least, the last of the size ``last``."""
    found = as_array(name, value)
    if found.ndim < least_rank or (last is not None and found.shape[-1] != last):
        expected = f"an array of rank {least_rank} or more" + ("" if last is None else f", last axis {last}")
        raise InvalidArgument(name, expected=expected, got=described(found))
    if not objects and found.dtype == object:
        raise InvalidArgument(name, expected="dtype float64 or float32", got=described(found))
    return _numbers(name, found, None, check_finite, "x")


def real_numbers(name: str, value: Any, shape: Sequence[int] | None = None) -> Array:
    """Finite real numbers of any dtype, bool too, in that shape."""
    found = as_array(name, value)
    if shape is not None and tuple(found.shape) != tuple(shape):
        raise InvalidArgument(name, expected=f"shape {tuple(shape)}", got=f"shape {found.shape}")
    if found.dtype == object:
        _check_elements(name, found)
    elif found.dtype.kind not in "biuf" or not np.isfinite(found).all():
        raise InvalidArgument(name, expected="finite real numbers", got=described(found))
    return found


def classes(name: str, value: Any, shape: Sequence[int], count: int, kind: str = "classes") -> Array:
    """Integers from 0 to ``count - 1``, in that shape."""
    found = as_array(name, value)
    if tuple(found.shape) != tuple(shape) or found.dtype.kind not in "iu":
        raise InvalidArgument(name, expected=f"integers of shape {tuple(shape)}", got=described(found))
    if found.size and (found.min() < 0 or found.max() >= count):
        got = f"from {found.min()} to {found.max()}"
        raise InvalidArgument(name, expected=f"{kind} from 0 to {count - 1}", got=got)
    return found


def weights(name: str, value: Any, shape: Sequence[int] | None = None) -> Array:
    """Numbers that are only moved about, in that shape: floats of any width, or objects; NaN and infinity too."""
    found = as_array(name, value)
    if shape is not None and tuple(found.shape) != tuple(shape):
        raise InvalidArgument(name, expected=f"shape {tuple(shape)}", got=f"shape {found.shape}")
    if found.dtype == object:
        _check_elements(name, found)
    elif found.dtype.name not in _MOVED or not found.dtype.isnative:
        raise InvalidArgument(name, expected=f"dtype {', '.join(_MOVED)} or object", got=described(found))
    return found


def _fits(shape: tuple[int, ...], sizes: tuple[int | None, ...]) -> bool:
    """Whether the shape has these sizes; None matches any."""
    return len(shape) == len(sizes) and all(size in (None, got) for size, got in zip(sizes, shape, strict=True))


def _numbers(name: str, found: Array, dtype: Any, check_finite: bool, source: str) -> Array:
    """What `array` says of dtypes and values."""
    if found.dtype not in _DTYPES:
        raise InvalidArgument(name, expected="dtype float64, float32 or object", got=described(found))
    if dtype is not None and found.dtype != dtype:
        raise InvalidArgument(name, expected=f"dtype {dtype}, as {source} has", got=described(found))
    if not isinstance(found, np.ndarray):
        return found
    if found.dtype == object:
        _check_elements(name, found)
    elif check_finite and not np.isfinite(found).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        raise InvalidArgument(name, expected=_FINITE, got=f"{found[where]} at index {where}")
    return found


def _check_elements(name: str, found: Array) -> None:
    """Refuses elements that would be rounded among exact numbers, and what is no number."""
    for element in found.flat:
        if isinstance(element, _NO_NUMBERS) or not (hasattr(element, "__mul__") and hasattr(element, "__sub__")):
            expected = "numbers with their own arithmetic in an object array"
            raise InvalidArgument(name, expected=expected, got=f"the {described(element)}")
