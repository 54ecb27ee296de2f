"""What goes into an implementation and what comes out are ours alone: neither shares memory with what it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def private_copy(value: Any) -> Any:
    """A copy of an array in the same layout in memory, of a tuple or mapping of such, or of a cell; else the value.

    What lies between the numbers of a strided array is not read: there every byte of the copy is 255, a NaN.
    """
    if isinstance(value, np.ndarray):
        if value.flags.forc or value.dtype.hasobject:
            return value.copy(order="K")
        steps = [(count - 1) * stride for count, stride in zip(value.shape, value.strides, strict=True)]
        before, after = -sum(min(step, 0) for step in steps), sum(max(step, 0) for step in steps)
        room = np.full(before + after + value.itemsize, 255, np.uint8)
        copy: Array = np.ndarray(value.shape, value.dtype, room.data, before, value.strides)
        copy[...] = value
        return copy
    if isinstance(value, tuple):
        return tuple(private_copy(each) for each in value)
    if isinstance(value, Mapping):
        return {name: private_copy(each) for name, each in value.items()}
    return deepcopy(value) if is_dataclass(value) else value  # which is frozen, and can be changed nevertheless


def private_fields(holder: Any) -> Any:
    """The same dataclass with a `private_copy` of every field."""
    return replace(holder, **{field.name: private_copy(getattr(holder, field.name)) for field in fields(holder)})


def changed_arrays(before: Any, after: Any, name: str = "") -> Iterator[str]:
    """The names of what is not the same any more, bit for bit; the fields of a dataclass, its tuples and mappings."""
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and (before.shape, before.dtype) == (after.shape, after.dtype)
        if not same or before.tobytes() != after.tobytes():
            yield name
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for k, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changed_arrays(one, other, f"{name}[{k}]")
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() == after.keys():
        for key, one in before.items():
            yield from changed_arrays(one, after[key], f"{name}.{key}")
    elif before is not after and before != after:
        yield name


def changed_fields(before: Any, after: Any) -> list[str]:
    """The same of the fields of two dataclasses."""
    return [
        changed
        for field in fields(before)
        for changed in changed_arrays(getattr(before, field.name), getattr(after, field.name), field.name)
    ]


class Given:
    """What was given to the latest call, which has to stay as it is until the next has returned.

    A call that changes what an earlier one was given is told of in the next call, as nothing of ours runs between.
    """

    def __init__(self) -> None:
        self._before: tuple[Any, Any] | None = None

    def changes(self, before: Any, after: Any) -> list[str]:
        """What a call has changed: of ``after``, a copy of ``before``, and of what the call before got."""
        earlier, changed = self._before, changed_fields(before, after)
        self._before = None if changed else (before, after)
        return changed + ([f"{name}, given to the call before" for name in changed_fields(*earlier)] if earlier else [])


GIVEN = Given()
"""What this process has given to an implementation."""


def plain_arrays(answer: Any) -> dict[str, Array]:
    """An answer's arrays, copied, by their names. `TypeError` for what is no mapping of names to arrays."""
    if not isinstance(answer, Mapping):
        raise TypeError(f"expected a mapping of quantities' names to arrays, got {type(answer).__name__}")
    found = {}
    for name, value in answer.items():
        if type(name) is not str:
            raise TypeError(f"expected names of quantities, got a {type(name).__name__} among them")
        if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
            raise TypeError(f"{name}: expected numbers, got a masked array with masked elements")
        found[name] = np.array(value)
    return found
