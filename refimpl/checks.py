"""The gate through which every argument passes before any arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from .arrays import Array
from .errors import InvalidArgument
from .linear import Factors
from .parameters import Cell, Parameters, State
from .stack import Stack, named_cells

_DTYPES = (np.dtype(np.float64), np.dtype(np.float32), np.dtype(object))


def described(value: object) -> str:
    """What came, in the words of an error message: dtype and shape for an array, else the type."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return f"{type(value).__name__} {value!r:.60}"


def as_array(name: str, value: Any) -> Array:
    """``value`` as an array; a ragged list is no array."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidArgument(name, expected="an array, or lists of equal lengths", got=str(error)) from None


def array(
    name: str,
    value: Any,
    axes: Mapping[str, int | None],
    *,
    dtype: Any = None,
    check_finite: bool = True,
) -> Array:
    """``value`` as an array with the named axes, in that order; a size of None matches any size.

    Raises `InvalidArgument` for another rank or size, for a dtype that is not float64, float32 or
    object, for another dtype than ``dtype``, and, with ``check_finite``, for NaN and infinity.
    """
    if hasattr(value, "__array_ufunc__") and not isinstance(value, np.ndarray | np.generic):
        found = value
    else:
        found = as_array(name, value)
    if found.ndim != len(axes) or any(
        size not in (None, got) for size, got in zip(axes.values(), found.shape, strict=True)
    ):
        sizes = ", ".join(axis if size is None else f"{axis}={size}" for axis, size in axes.items())
        raise InvalidArgument(name, expected=f"shape ({sizes})", got=f"shape {found.shape}")
    if found.dtype not in _DTYPES:
        raise InvalidArgument(name, expected="dtype float64, float32 or object", got=described(found))
    if dtype is not None and found.dtype != dtype:
        raise InvalidArgument(name, expected=f"dtype {dtype}, as x has", got=described(found))
    if found.dtype == object:
        for element in found.flat:
            if isinstance(element, float | complex | np.inexact):  # they would be rounded among exact numbers
                got = f"the {type(element).__name__} {element!r}"
                raise InvalidArgument(name, expected="numbers with their own arithmetic in an object array", got=got)
    if check_finite and found.dtype != object and not np.isfinite(found).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        raise InvalidArgument(
            name,
            expected="finite values (or check_finite=False)",
            got=f"{found[where]} at index {where}",
        )
    return found


def mapping(name: str, value: Any, keys: Collection[str], *, others: bool = False) -> Mapping[str, Any]:
    """``value`` as a mapping with exactly these keys, or, with ``others``, with these and any others."""
    expected = f"a mapping with {'at least' if others else 'exactly'} the keys {', '.join(keys)}"
    if not isinstance(value, Mapping):
        raise InvalidArgument(name, expected=expected, got=described(value))
    if not (set(keys) <= set(value) if others else set(keys) == set(value)):
        got = f"the keys {', '.join(map(str, value)) or '(none)'}"
        raise InvalidArgument(name, expected=expected, got=got)
    return value


def parameters(cell: Cell | Stack, params: Any, *, dtype: Any, check_finite: bool) -> Parameters:
    """Exactly the cell's parameters, each in its shape."""
    shapes = cell.parameter_shapes
    params = mapping("params", params, shapes)
    return {
        name: array(
            f"params[{name!r}]",
            params[name],
            {f"axis {k}": size for k, size in enumerate(shape)},
            dtype=dtype,
            check_finite=check_finite,
        )
        for name, shape in shapes.items()
    }


def state(name: str, value: Any, cell: Cell | Stack, batch: int, *, dtype: Any, check_finite: bool) -> State:
    """A tuple with one ``(batch, size)`` array for each of the cell's states; None means zeros,
    for the whole and for a part."""
    names, sizes = cell.state_names, cell.state_sizes
    if value is None:
        value = (None,) * len(names)
    if not isinstance(value, tuple | list) or len(value) != len(names):
        raise InvalidArgument(name, expected=f"a tuple ({', '.join(names)})", got=described_tuple(value))
    return tuple(
        np.zeros((batch, size), dtype)
        if part is None
        else array(f"{name}[{k}]", part, {"batch": batch, "hidden": size}, dtype=dtype, check_finite=check_finite)
        for k, (part, size) in enumerate(zip(value, sizes, strict=True))
    )


def one_of(name: str, value: Any, allowed: Collection[str]) -> None:
    """Refuses what is none of the words allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidArgument(name, expected=" or ".join(map(repr, allowed)), got=described(value))


def flag(name: str, value: Any) -> None:
    """Refuses what is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidArgument(name, expected="True or False", got=described(value))


def dropout(
    cell: Cell | Stack, value: Any, batch: int, time: int, *, dtype: Any, check_finite: bool
) -> dict[str, Factors]:
    """The factors by name, each a tuple of one array for all gates or of one a gate."""
    if value is None:
        return {}
    shapes = _dropout_shapes(cell, batch, time)
    expected = f"a mapping with keys among {', '.join(shapes)}"
    if not isinstance(value, Mapping) or not set(value) <= set(shapes):
        got = f"the keys {', '.join(map(str, value))}" if isinstance(value, Mapping) else described(value)
        raise InvalidArgument("dropout", expected=expected, got=got)
    found: dict[str, Factors] = {}
    for name, factors in value.items():
        gates, axes = shapes[name]
        label, given = f"dropout[{name!r}]", as_array(f"dropout[{name!r}]", factors)
        a_gate = gates > 0 and given.ndim == 1 + len(axes)
        checked = array(
            label, given, {"gates": gates} | axes if a_gate else axes, dtype=dtype, check_finite=check_finite
        )
        found[name] = tuple(checked) if a_gate else (checked,)
    return found


def _dropout_shapes(cell: Cell | Stack, batch: int, time: int) -> dict[str, tuple[int, dict[str, int | None]]]:
    """Name to how many gates may have factors of their own, and the axes."""
    found: dict[str, tuple[int, dict[str, int | None]]] = {}
    for where, each in named_cells(cell):
        gates = len(each.gate_order)
        found[where + "input"] = gates, {"batch": batch, "input": each.input_size}
        found[where + "recurrent"] = gates, {"batch": batch, "output": each.output_size}
    for k, layer in enumerate(cell.layers if isinstance(cell, Stack) else ()):
        if k:
            found[f"l{k}.between"] = 0, {"batch": batch, "time": time, "size": layer.input_size}
    return found


def described_tuple(value: object) -> str:
    """`described`, for what should have been a tuple."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return described(value)


def mask(mask: Any, lengths: Any, batch: int, time: int) -> Array | None:
    """The mask, ``(batch, time)`` bool, that ``mask`` or ``lengths`` stands for; None for neither."""
    if mask is not None and lengths is not None:
        raise InvalidArgument("lengths", expected="None where a mask is given", got="both")
    if lengths is not None:
        lengths = as_array("lengths", lengths)
        integers = np.issubdtype(lengths.dtype, np.integer) or not lengths.size
        if lengths.shape != (batch,) or not integers:
            raise InvalidArgument("lengths", expected=f"integers of shape (batch={batch})", got=described(lengths))
        if ((lengths < 0) | (lengths > time)).any():
            raise InvalidArgument("lengths", expected=f"between 0 and time={time}", got=str(lengths.tolist()))
        return np.arange(time) < lengths[:, None]
    if mask is None:
        return None
    mask = as_array("mask", mask)
    if mask.shape != (batch, time) or mask.dtype != bool:
        raise InvalidArgument("mask", expected=f"bool of shape (batch={batch}, time={time})", got=described(mask))
    return mask
