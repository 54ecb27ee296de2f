"""What goes into a run beside ``x``: parameters, states, dropout factors, and the mask or the lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import InvalidArgument
from .arrays import array, as_array
from .collections import shaped_arrays
from .words import described, described_tuple


def parameters(cell: Any, params: Any, *, dtype: Any, check_finite: bool) -> dict[str, Array]:
    """Exactly the parameters of a cell or a Stack, each in its shape."""
    return shaped_arrays("params", params, cell.parameter_shapes, dtype=dtype, check_finite=check_finite)


def state(name: str, value: Any, cell: Any, batch: int, *, dtype: Any, check_finite: bool) -> tuple[Array, ...]:
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


def dropout(
    cell: Any, value: Any, batch: int, time: int, *, dtype: Any, check_finite: bool
) -> dict[str, tuple[Array, ...] | None]:
    """The factors by name, each a tuple of one array for all gates or of one a gate."""
    if value is None:
        return {}
    shapes = _dropout_shapes(cell, batch, time)
    expected = f"a mapping with keys among {', '.join(shapes)}"
    if not isinstance(value, Mapping) or not set(value) <= set(shapes):
        got = f"the keys {', '.join(map(str, value))}" if isinstance(value, Mapping) else described(value)
        raise InvalidArgument("dropout", expected=expected, got=got)
    found: dict[str, tuple[Array, ...] | None] = {}
    for name, factors in value.items():
        gates, axes = shapes[name]
        label = f"dropout[{name!r}]"
        given = as_array(label, factors)
        a_gate = gates > 0 and given.ndim == 1 + len(axes)
        checked = array(
            label, given, {"gates": gates} | axes if a_gate else axes, dtype=dtype, check_finite=check_finite
        )
        found[name] = tuple(checked) if a_gate else (checked,)
    return found


def _dropout_shapes(cell: Any, batch: int, time: int) -> dict[str, tuple[int, dict[str, int | None]]]:
    """Name to how many gates may have factors of their own, and the axes."""
    found: dict[str, tuple[int, dict[str, int | None]]] = {}
    for where, each in cell.named_cells if hasattr(cell, "named_cells") else [("", cell)]:
        gates = len(each.gate_order)
        found[where + "input"] = gates, {"batch": batch, "input": each.input_size}
        found[where + "recurrent"] = gates, {"batch": batch, "output": each.output_size}
    for k, layer in enumerate(getattr(cell, "layers", ())):
        if k:
            found[f"l{k}.between"] = 0, {"batch": batch, "time": time, "size": layer.input_size}
    return found


def mask(mask: Any, lengths: Any, batch: int, time: int) -> Array | None:
    """The mask, ``(batch, time)`` bool, that ``mask`` or ``lengths`` stands for; None for neither."""
    if mask is not None and lengths is not None:
        raise InvalidArgument("lengths", expected="None where a mask is given", got="both")
    if lengths is not None:
        lengths = as_array("lengths", lengths)
        integers = lengths.dtype.kind in "iu" or not lengths.size
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
