"""The safetensors format: eight bytes with the length of a header in JSON, the header, then the numbers.

Source: the format's description in the README of the safetensors project, 0.4 to 0.6.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ....common.reading import Unreadable, parse_json
from ....contract import Array
from ..limits import MOST_TEXT, Budget, size_of
from ..model import CannotRead

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
_TYPES |= {"I8": "i1", "U8": "u1", "BOOL": "?"}


def read(path: Path) -> dict[str, Array]:
    """The tensors by name; bfloat16 as float32. `CannotRead` where the file is broken."""
    size = size_of(path)
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        if length > min(MOST_TEXT, size - 8):
            raise CannotRead(f"{path.name}: no safetensors file: its header has {length:,} bytes, the file {size:,}")
        try:
            header = parse_json(path, file.read(length))
            entries = {str(name): entry for name, entry in header.items() if name != "__metadata__"}
        except Unreadable as error:
            raise CannotRead(f"{path.name}: its header is broken: {error.problem}") from None
        except AttributeError:
            raise CannotRead(f"{path.name}: its header is broken: it is no mapping") from None
        budget, found = Budget(path.name, size), {}
        for name, entry in entries.items():
            try:
                dtype, shape = np.dtype(_TYPES[entry["dtype"]]), [int(each) for each in entry["shape"]]
                begin, end = (int(each) for each in entry["data_offsets"])
            except (KeyError, TypeError, ValueError) as error:
                raise CannotRead(f"{path.name}: the tensor {name!r} is broken: {error!r}") from None
            budget.take(repr(name), shape, dtype.itemsize)
            count = int(np.prod(shape, dtype=np.int64))
            if not 0 <= begin <= end <= size - 8 - length or end - begin != count * dtype.itemsize:
                raise CannotRead(f"{path.name}: the tensor {name!r} does not lie where the header says")
            file.seek(8 + length + begin)
            array = np.frombuffer(file.read(end - begin), dtype).reshape(shape)
            if entry["dtype"] == "BF16":
                array = (array.astype(np.uint32) << 16).view(np.float32)
            found[name] = array
    return found
